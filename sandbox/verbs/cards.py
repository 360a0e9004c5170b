"""Verbs on contacts and companies, and on the links between cards."""

from itertools import chain
from typing import Any

from sandbox.fields import written
from sandbox.hooks.bodies import card_body
from sandbox.refused import NotFound, not_supported
from sandbox.rows import CatalogRef, Company, Contact, ContactRef, Lead, Ref
from sandbox.state import PLURAL, SINGULAR, Moment
from sandbox.verbs.common import check_types
from sandbox.verbs.notes import NoteVerbs

Card = Contact | Company
EDITABLE = frozenset(
    [
        "created_at",
        "updated_at",
        "created_by",
        "updated_by",
        "name",
        "first_name",
        "last_name",
        "responsible_user_id",
        "custom_fields_values",
        "tags",
        "tags_to_add",
        "tags_to_delete",
    ]
)


class CardVerbs(NoteVerbs):
    def create_contact(self, *, by: int | None = None, at: Moment = None, **keys: Any) -> Contact:
        """A person; keys as in the API: name (or first_name, last_name), custom_fields_values …"""
        contact = self._create("contacts", by, at, keys)
        assert isinstance(contact, Contact)
        return contact

    def create_company(self, *, by: int | None = None, at: Moment = None, **keys: Any) -> Company:
        company = self._create("companies", by, at, keys)
        assert isinstance(company, Company)
        return company

    def edit_contact(self, *, contact_id: int, by: int | None = None, at: Moment = None, **keys: Any) -> Card:
        return self._edit("contacts", contact_id, by, at, keys)

    def edit_company(self, *, company_id: int, by: int | None = None, at: Moment = None, **keys: Any) -> Card:
        return self._edit("companies", company_id, by, at, keys)

    def delete_card(
        self, *, entity_type: str, entity_id: int, by: int | None = None, at: Moment = None
    ) -> Card:
        """A contact or a company to the trash."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            card = self._card(entity_type, entity_id)
            card.is_deleted, card.updated_at, card.updated_by = True, moment, actor
            self.put_card(card)
            self.record(
                f"{SINGULAR[entity_type]}_deleted", SINGULAR[entity_type], entity_id, by=actor, at=moment
            )
            body = {"id": entity_id, "type": SINGULAR[entity_type]}
            self.ring(f"delete_{SINGULAR[entity_type]}", "contacts", "delete", body)
            return card

    def restore_card(
        self, *, entity_type: str, entity_id: int, by: int | None = None, at: Moment = None
    ) -> Card:
        with self.lock:
            table = self.contacts if entity_type == "contacts" else self.companies
            card: Any = table.get(entity_id)
            if card is None or not card.is_deleted:
                raise NotFound(f"there is no {SINGULAR[entity_type]} {entity_id} in the trash")
            card.is_deleted = False
            self.put_card(card)
            entity = SINGULAR[entity_type]
            self.record(f"{entity}_restored", entity, entity_id, by=self.actor(by), at=self.moment(at))
            self.ring(f"restore_{entity}", "contacts", "restore", self._body(card))
            return card

    def link(
        self,
        *,
        entity_type: str,
        entity_id: int,
        to_entity_type: str,
        to_entity_id: int,
        metadata: dict[str, Any] | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> None:
        """Tie two cards together, from either side. Raises `Refused` or `NotFound`."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            metadata = metadata or {}
            if "updated_by" in metadata:
                actor = self.employee(metadata["updated_by"], "metadata.updated_by", robot_too=True)
            card = self.card(entity_type, entity_id)
            if to_entity_type == "catalog_elements":
                if not isinstance(card, Lead):
                    raise not_supported("to_entity_type")
                card.embedded.catalog_elements.append(CatalogRef(to_entity_id, metadata))
                self.leads.put(card)
                return
            if to_entity_type not in PLURAL.values():
                raise not_supported("to_entity_type")
            try:
                other = self.card(to_entity_type, to_entity_id)
            except NotFound:
                raise not_supported("to_entity_id") from None
            owner, part = (
                (other, card) if isinstance(other, Lead) or isinstance(card, Company) else (card, other)
            )
            if isinstance(part, Lead) or type(owner) is type(part):
                raise not_supported("to_entity_type")
            if self._tie(owner, part, bool(metadata.get("is_main"))):
                self._record_tie("link", owner, part, actor, moment)

    def unlink(
        self,
        *,
        entity_type: str,
        entity_id: int,
        to_entity_type: str,
        to_entity_id: int,
        by: int | None = None,
        at: Moment = None,
    ) -> None:
        with self.lock:
            card = self.card(entity_type, entity_id)
            if to_entity_type == "catalog_elements" and isinstance(card, Lead):
                kept = [ref for ref in card.embedded.catalog_elements if ref.id != to_entity_id]
                card.embedded.catalog_elements = kept
                self.leads.put(card)
                return
            other = self.card(to_entity_type, to_entity_id)
            for owner, part in ((card, other), (other, card)):
                if self._untie(owner, part):
                    self._record_tie("unlink", owner, part, self.actor(by), self.moment(at))

    def _create(self, kind: str, by: int | None, at: Moment, keys: dict[str, Any]) -> Card:
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            keys = {key: value for key, value in keys.items() if value is not None}
            self.check_card(kind, keys)
            owner = keys.get("responsible_user_id", actor)
            shape: type[Contact] | type[Company] = Contact if kind == "contacts" else Company
            table: Any = self.contacts if kind == "contacts" else self.companies
            fields = self.new_fields(kind, keys.get("custom_fields_values"))
            card = shape(
                id=self.next_id("cards", chain(self.contacts.rows, self.companies.rows)),
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                created_by=keys.get("created_by", actor),
                updated_by=keys.get("updated_by", actor),
                created_at=keys.get("created_at", moment),
                updated_at=keys.get("updated_at", moment),
                custom_fields_values=fields,
                account_id=self.account.id,
            )
            self._name(card, keys)
            card.embedded.tags = self.named_tags(kind, [*keys.get("tags", ()), *keys.get("tags_to_add", ())])
            table.put(card)
            note = [{"note": {"id": self.next_note_id()}}]
            entity = SINGULAR[kind]
            self.record(f"{entity}_added", entity, card.id, by=card.created_by, at=moment, after=note)
            self.ring(f"add_{entity}", "contacts", "add", self._body(card))
            return card

    def _edit(self, kind: str, card_id: int, by: int | None, at: Moment, keys: dict[str, Any]) -> Card:
        with self.lock:
            moment = self.moment(at)
            actor = keys.get("updated_by", self.actor(by))
            card = self._card(kind, card_id)
            self.check_card(kind, keys)
            entity, old_name, old_owner = SINGULAR[kind], card.name, card.responsible_user_id
            if keys.get("custom_fields_values") is not None:
                self.set_fields(kind, card, keys["custom_fields_values"], actor, moment)
            self._name(card, keys)
            if card.name != old_name:
                before, after = ([{"name_field_value": {"name": name}}] for name in (old_name, card.name))
                self.record(
                    "name_field_changed", entity, card_id, by=actor, at=moment, after=after, before=before
                )
            if "responsible_user_id" in keys:
                self.give(kind, card, keys["responsible_user_id"], actor, moment)
            self.retag(kind, card, keys, actor, moment)
            card.updated_by, card.updated_at = actor, keys.get("updated_at", moment)
            self.put_card(card)
            changed = old_owner if card.responsible_user_id != old_owner else None
            self.ring(f"update_{entity}", "contacts", "update", self._body(card, changed))
            if changed is not None:
                self.ring(f"responsible_{entity}", "contacts", "responsible", self._body(card, changed))
            return card

    def check_card(self, kind: str, keys: dict[str, Any]) -> None:
        """Refuse keys that amoCRM would not take."""
        unknown = next((key for key in keys if key not in EDITABLE), None)
        if unknown:
            raise not_supported(unknown)
        check_types(keys, str, "name", "first_name", "last_name")
        check_types(keys, int, "created_at", "updated_at")
        if "responsible_user_id" in keys:
            self.employee(keys["responsible_user_id"], "responsible_user_id")
        for key in ("created_by", "updated_by"):
            if key in keys:
                self.employee(keys[key], key, robot_too=True)
        if keys.get("custom_fields_values") is not None:
            written(self.fields[kind], keys["custom_fields_values"])
        self.check_tags(kind, keys)

    @staticmethod
    def _name(card: Card, keys: dict[str, Any]) -> None:
        if isinstance(card, Contact):
            card.first_name = keys.get("first_name", card.first_name) or ""
            card.last_name = keys.get("last_name", card.last_name) or ""
            if "name" not in keys and ("first_name" in keys or "last_name" in keys):
                card.name = f"{card.first_name} {card.last_name}".strip()
        if "name" in keys:
            card.name = keys["name"] or ""

    def _card(self, kind: str, card_id: int) -> Card:
        card = self.card(kind, card_id)
        assert not isinstance(card, Lead)
        return card

    def _body(self, card: Card, old_owner: int | None = None) -> dict[str, Any]:
        if isinstance(card, Company):
            lead_ids = self.leads.group("companies", card.id)
            return card_body(card, lead_ids=lead_ids, old_responsible_user_id=old_owner)
        ref = card.embedded.companies[0] if card.embedded.companies else None
        return card_body(
            card,
            company=self.companies.get(ref.id) if ref else None,
            lead_ids=self.leads.group("contacts", card.id),
            old_responsible_user_id=old_owner,
        )

    def _tie(self, owner: Any, part: Any, is_main: bool) -> bool:
        if isinstance(part, Company):
            if [ref.id for ref in owner.embedded.companies] == [part.id]:
                return False
            owner.embedded.companies = [Ref(part.id)]
            self.put_card(owner)
            return True
        held = next((ref for ref in owner.embedded.contacts if ref.id == part.id), None)
        if is_main:
            for ref in owner.embedded.contacts:
                ref.is_main = False
        if held is None:
            owner.embedded.contacts.append(ContactRef(part.id, is_main or not owner.embedded.contacts))
        elif is_main:
            held.is_main = True
        self.put_card(owner)
        return held is None

    def _untie(self, owner: Any, part: Any) -> bool:
        if isinstance(owner, Company) or isinstance(part, Lead):
            return False
        name = "companies" if isinstance(part, Company) else "contacts"
        refs = getattr(owner.embedded, name, [])
        kept = [ref for ref in refs if ref.id != part.id]
        if len(kept) == len(refs):
            return False
        setattr(owner.embedded, name, kept)
        self.put_card(owner)
        return True

    def _record_tie(self, what: str, owner: Any, part: Any, by: int, at: int) -> None:
        names: dict[Any, str] = {Lead: "lead", Contact: "contact", Company: "company"}
        self.record_tie(what, (names[type(owner)], owner.id), (names[type(part)], part.id), by, at)
