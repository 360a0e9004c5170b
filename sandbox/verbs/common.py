"""What the verbs on leads, contacts, companies and tasks have in common."""

from typing import Any

from sandbox import fields
from sandbox.refused import invalid_type, not_supported
from sandbox.rows import FieldValues, Tag
from sandbox.state import SINGULAR
from sandbox.verbs.field_groups import FieldGroupVerbs

TAG_KEYS = {"tags": "_embedded.tags", "tags_to_add": "tags_to_add", "tags_to_delete": "tags_to_delete"}


class CommonVerbs(FieldGroupVerbs):
    def set_fields(self, kind: str, row: Any, items: Any, by: int, at: int) -> None:
        """Write custom fields and their events; fields not mentioned stay."""
        self.apply_fields(kind, row, fields.written(self.fields[kind], items), by, at)

    def apply_fields(
        self, kind: str, row: Any, changes: dict[int, FieldValues | None], by: int, at: int
    ) -> None:
        held = {one.field_id: one for one in row.custom_fields_values or ()}
        for field_id, values in changes.items():
            before = held.get(field_id)
            if (before.values if before else None) == (values.values if values else None):
                continue
            if values is None:
                del held[field_id]
            else:
                held[field_id] = values
            field_type = self.fields[kind][field_id].type
            self.record(
                f"custom_field_{field_id}_value_changed",
                SINGULAR[kind],
                row.id,
                by=by,
                at=at,
                after=fields.event_values(field_type, values),
                before=fields.event_values(field_type, before),
            )
        row.custom_fields_values = list(held.values()) or None

    def new_fields(self, kind: str, items: Any) -> list[FieldValues] | None:
        """Custom fields of a row that is being made: no events of their own."""
        changes = fields.written(self.fields[kind], items) if items else {}
        return [values for values in changes.values() if values is not None] or None

    def check_tags(self, kind: str, keys: dict[str, Any]) -> None:
        """Refuse tags that neither have a name nor an id that is known."""
        for key, path in TAG_KEYS.items():
            items = keys.get(key)
            if items is None:
                continue
            if not isinstance(items, (list, tuple)):
                raise invalid_type(path, "array")
            for number, item in enumerate(items):
                named = item.get("name") if isinstance(item, dict) else isinstance(item, str) and item
                if not named and not (isinstance(item, dict) and item.get("id") in self.tags[kind]):
                    raise not_supported(f"{path}.{number}.id")

    def named_tags(self, kind: str, items: Any) -> list[Tag]:
        """Tags given by name, by `{"name"}` or by `{"id"}`; new names become tags."""
        found = []
        for item in items or ():
            name = item if isinstance(item, str) else item.get("name")
            found.append(self.tag(kind, str(name)) if name else self.tags[kind][item["id"]])
        return list({tag.id: tag for tag in found}.values())

    def edit_tag(self, *, kind: str, tag_id: int, name: str | None = None, color: str | None = None) -> Tag:
        """A tag gets another name or colour on every card that has it. Raises `Refused` for a name that is taken."""
        with self.lock:
            tag = self.tags[kind][tag_id]
            if any(one.name == name and one.id != tag_id for one in self.tags[kind].values()):
                raise not_supported("name")
            table = self.cards(kind)
            worn = (one for row in table or () for one in row.embedded.tags if one.id == tag_id)
            for one in [tag, *worn]:
                one.name, one.color = name or one.name, color or one.color
            return tag

    def retag(self, kind: str, row: Any, keys: dict[str, Any], by: int, at: int) -> None:
        """`tags` replaces the set, `tags_to_add` and `tags_to_delete` change it."""
        tags = self.named_tags(kind, keys["tags"]) if "tags" in keys else list(row.embedded.tags)
        tags += self.named_tags(kind, keys.get("tags_to_add"))
        gone = [
            item if isinstance(item, dict) else {"name": item} for item in keys.get("tags_to_delete") or ()
        ]
        names, ids = {item.get("name") for item in gone}, {item.get("id") for item in gone}
        self.set_tags(kind, row, [tag for tag in tags if tag.name not in names and tag.id not in ids], by, at)

    def set_tags(self, kind: str, row: Any, tags: list[Tag], by: int, at: int) -> None:
        old = {tag.id: tag for tag in row.embedded.tags}
        new = {tag.id: tag for tag in tags}
        gone = [{"tag": {"name": tag.name}} for tag in old.values() if tag.id not in new]
        added = [{"tag": {"name": tag.name}} for tag in new.values() if tag.id not in old]
        if gone:
            self.record("entity_tag_deleted", SINGULAR[kind], row.id, by=by, at=at, before=gone)
        if added:
            self.record("entity_tag_added", SINGULAR[kind], row.id, by=by, at=at, after=added)
        row.embedded.tags = list(new.values())

    def refresh_closest_task(self, kind: str | None, card_id: int | None) -> None:
        """Set the card's `closest_task_at` to the nearest open deadline."""
        table = self.cards(kind)
        row = table.get(card_id) if table is not None and card_id else None
        if row is None or table is None:
            return
        deadlines = [
            task.complete_till
            for task in map(self.tasks.rows.__getitem__, self.tasks.group("card", (kind, card_id)))
            if not task.is_completed and task.id not in self.trashed_tasks
        ]
        closest = min(deadlines, default=None)
        if row.closest_task_at != closest:
            row.closest_task_at = closest
            table.put(row)

    def give(self, kind: str, row: Any, user_id: int, by: int, at: int) -> None:
        """Make a user responsible for a card or a task."""
        if row.responsible_user_id == user_id:
            return
        before, after = ([{"responsible_user": {"id": one}}] for one in (row.responsible_user_id, user_id))
        row.responsible_user_id, row.group_id = user_id, self.group_of(user_id)
        entity = SINGULAR.get(kind, "task")
        self.record("entity_responsible_changed", entity, row.id, by=by, at=at, after=after, before=before)

    def record_tie(self, what: str, owner: tuple[str, int], part: tuple[str, int], by: int, at: int) -> None:
        """Events on both cards of a link (`what` is link or unlink); a card is (singular type, id)."""
        for one, other in ((owner, part), (part, owner)):
            side = [{what: {"entity": {"type": other[0], "id": other[1]}}}]
            name = f"entity_{what}ed" if one == owner else f"{other[0]}_{what}ed"
            sides = {"after": side} if what == "link" else {"before": side}
            self.record(name, one[0], one[1], by=by, at=at, **sides)


def check_types(keys: dict[str, Any], kind: type, *names: str) -> None:
    """Refuse given keys that are not of a type; a boolean is no number."""
    for name in names:
        value = keys.get(name)
        if name in keys and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise invalid_type(name, {str: "string", bool: "bool"}.get(kind, "int"))
