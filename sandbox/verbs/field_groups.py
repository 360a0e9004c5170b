"""Verbs on groups of custom fields."""

from collections.abc import Iterable

from sandbox.account_rows import FieldGroup
from sandbox.refused import not_supported
from sandbox.state import State

PREDEFINED = {"default": "Основное", "statistic": "Статистика"}
_FIRST_NUMBER = 29_741_591_099_840


class FieldGroupVerbs(State):
    def groups_of_fields(self, kind: str) -> dict[str, FieldGroup]:
        """All groups of an entity type by id: those that every account has, those made, and those that fields name."""
        found = {
            key: FieldGroup(id=key, name=name, is_predefined=True, entity_type=kind, sort=number)
            for number, (key, name) in enumerate(PREDEFINED.items())
        }
        found |= self.field_groups[kind]
        for field in self.fields[kind].values():
            if field.group_id and field.group_id not in found:
                key = field.group_id
                found[key] = FieldGroup(id=key, name=key, entity_type=kind, sort=len(found))
        return found

    def create_field_group(
        self, *, kind: str, name: str, sort: int | None = None, fields: Iterable[int] = ()
    ) -> FieldGroup:
        with self.lock:
            number = self.next_id("field_groups", [_FIRST_NUMBER])
            place = len(self.groups_of_fields(kind)) if sort is None else sort
            group = FieldGroup(id=f"{kind}_{number}", name=name, entity_type=kind, sort=place)
            self.field_groups[kind][group.id] = group
            self._gather(kind, group.id, fields)
            return group

    def edit_field_group(
        self,
        *,
        kind: str,
        group_id: str,
        name: str | None = None,
        sort: int | None = None,
        fields: Iterable[int] | None = None,
    ) -> FieldGroup:
        """What is None stays; fields that are no longer named go back to the first group."""
        with self.lock:
            group = self.groups_of_fields(kind)[group_id]
            group.name = group.name if name is None else name
            group.sort = group.sort if sort is None else sort
            self.field_groups[kind][group_id] = group
            if fields is not None:
                self._scatter(kind, group_id)
                self._gather(kind, group_id, fields)
            return group

    def delete_field_group(self, *, kind: str, group_id: str) -> None:
        """Its fields go back to the first group. Raises `Refused` for one that every account has."""
        with self.lock:
            if group_id in PREDEFINED:
                raise not_supported("id")
            self.field_groups[kind].pop(group_id, None)
            self._scatter(kind, group_id)

    def _gather(self, kind: str, group_id: str, fields: Iterable[int]) -> None:
        for field_id in fields:
            self.fields[kind][field_id].group_id = None if group_id == "default" else group_id

    def _scatter(self, kind: str, group_id: str) -> None:
        for field in self.fields[kind].values():
            if field.group_id == group_id:
                field.group_id = None
