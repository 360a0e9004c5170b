"""Verbs on leads."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.account_rows import CLOSED
from sandbox.fields import written
from sandbox.hooks.bodies import lead_body
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import ContactRef, Lead, LeadParts, Ref, SourceRef
from sandbox.state import Moment
from sandbox.verbs.common import CommonVerbs, check_types

PLAIN = ("created_at", "updated_at", "created_by", "closed_at", "loss_reason_id", "score", "labor_cost")
EDITABLE = frozenset(
    [
        "name",
        "price",
        "status_id",
        "pipeline_id",
        "responsible_user_id",
        "updated_by",
        "custom_fields_values",
        "tags",
        "tags_to_add",
        "tags_to_delete",
    ]
) | set(PLAIN)


class LeadVerbs(CommonVerbs):
    def create_lead(
        self,
        *,
        contacts: Sequence[ContactRef | dict[str, Any]] = (),
        company_id: int | None = None,
        source: SourceRef | None = None,
        by: int | None = None,
        at: Moment = None,
        **keys: Any,
    ) -> Lead:
        """A new lead from the API's write keys; the default place is the main pipeline's first status.

        `contacts` as in `_embedded.contacts`: `id` and `is_main`. Raises `Refused` and then makes nothing.
        """
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            keys = {key: value for key, value in keys.items() if value is not None}
            pipeline_id, status_id = self.check_lead(keys)
            refs = self._contact_refs(contacts)
            self._check_parts([ref.id for ref in refs], company_id)
            owner = keys.get("responsible_user_id", actor)
            lead = Lead(
                id=self.next_id("leads", self.leads.rows),
                price=keys.get("price", 0),
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                status_id=status_id,
                pipeline_id=pipeline_id,
                loss_reason_id=keys.get("loss_reason_id"),
                created_by=keys.get("created_by", actor),
                updated_by=keys.get("updated_by", actor),
                created_at=keys.get("created_at", moment),
                updated_at=keys.get("updated_at", moment),
                closed_at=keys.get("closed_at", moment if status_id in CLOSED else None),
                custom_fields_values=self.new_fields("leads", keys.get("custom_fields_values")),
                account_id=self.account.id,
                source_id=source.id if source else None,
                embedded=LeadParts(
                    tags=self.named_tags("leads", [*keys.get("tags", ()), *keys.get("tags_to_add", ())]),
                    companies=[Ref(company_id)] if company_id else [],
                    contacts=refs,
                    source=source,
                ),
            )
            lead.name = keys.get("name") or f"Сделка #{lead.id}"
            self.leads.put(lead)
            note = [{"note": {"id": self.next_note_id()}}]
            self.record("lead_added", "lead", lead.id, by=lead.created_by, at=moment, after=note)
            parts = [("contact", ref.id) for ref in refs]
            parts += [("company", ref.id) for ref in lead.embedded.companies]
            for part in parts:
                self.record_tie("link", ("lead", lead.id), part, actor, moment)
            self.ring("add_lead", "leads", "add", lead_body(lead))
            return lead

    def edit_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None, **changes: Any) -> Lead:
        """One save of a lead from the API's write keys.

        Raises `Refused` or `NotFound` and then changes nothing.
        """
        with self.lock:
            moment = self.moment(at)
            lead = self.living_lead(lead_id)
            place = self.check_lead(changes, lead)
            old_place, old_owner = (lead.pipeline_id, lead.status_id), lead.responsible_user_id
            actor = changes.get("updated_by", self.actor(by))
            lead.updated_by, lead.updated_at = actor, moment
            self._rename(lead, changes, actor, moment)
            if place != old_place:
                self._step(lead, place, actor, moment)
            for key in PLAIN:
                if key in changes:
                    setattr(lead, key, changes[key])
            if "responsible_user_id" in changes:
                self.give("leads", lead, changes["responsible_user_id"], actor, moment)
            if "custom_fields_values" in changes:
                self.set_fields("leads", lead, changes["custom_fields_values"], actor, moment)
            self.retag("leads", lead, changes, actor, moment)
            self.leads.put(lead)
            self._ring_edit(lead, old_place, old_owner)
            return lead

    def move_lead(
        self,
        *,
        lead_id: int,
        status_id: int,
        pipeline_id: int | None = None,
        by: int | None = None,
        at: Moment = None,
        **changes: Any,
    ) -> Lead:
        """Put a lead into another stage (of another pipeline when one is named)."""
        if pipeline_id is not None:
            changes["pipeline_id"] = pipeline_id
        return self.edit_lead(lead_id=lead_id, by=by, at=at, status_id=status_id, **changes)

    def living_lead(self, lead_id: int) -> Lead:
        lead = self.leads.get(lead_id)
        if lead is None or lead.is_deleted:
            raise NotFound(f"there is no lead {lead_id}")
        return lead

    def check_lead(self, keys: dict[str, Any], lead: Lead | None = None) -> tuple[int, int]:
        """Refuse keys that amoCRM would not take; gives the (pipeline, status) in which the lead will stand."""
        unknown = next((key for key in keys if key not in EDITABLE), None)
        if unknown:
            raise not_supported(unknown)
        check_types(keys, str, "name")
        check_types(keys, int, "status_id", "pipeline_id", "created_at", "updated_at")
        for key in ("created_by", "updated_by"):
            if key in keys:
                self.employee(keys[key], key, robot_too=True)
        if "responsible_user_id" in keys:
            self.employee(keys["responsible_user_id"], "responsible_user_id")
        price = keys.get("price", 0)
        if isinstance(price, bool) or not isinstance(price, (int, float)):
            raise invalid_type("price", "int")
        if keys.get("closed_at") is not None:
            check_types(keys, int, "closed_at")
        if keys.get("loss_reason_id") is not None and keys["loss_reason_id"] not in self.loss_reasons:
            raise not_supported("loss_reason_id")
        if keys.get("custom_fields_values") is not None:
            written(self.fields["leads"], keys["custom_fields_values"])
        self.check_tags("leads", keys)
        return self._place(keys.get("pipeline_id"), keys.get("status_id"), lead)

    @staticmethod
    def _contact_refs(contacts: Sequence[ContactRef | dict[str, Any]]) -> list[ContactRef]:
        """Exactly one is the main contact: the one that says so, else the first."""
        told = (
            one
            if isinstance(one, ContactRef)
            else {key: told for key, told in one.items() if told is not None}
            for one in contacts
        )
        given = [msgspec.convert(one, ContactRef, from_attributes=True) for one in told]
        main = next((ref.id for ref in given if ref.is_main), given[0].id if given else None)
        return [ContactRef(one, one == main) for one in dict.fromkeys(ref.id for ref in given)]

    def _check_parts(self, contact_ids: Sequence[int], company_id: int | None) -> None:
        parts = [("contacts", one) for one in contact_ids]
        parts += [("companies", company_id)] if company_id else []
        for kind, card_id in parts:
            try:
                self.card(kind, card_id)
            except NotFound:
                raise not_supported(f"_embedded.{kind}") from None

    def _place(self, pipeline_id: int | None, status_id: int | None, lead: Lead | None) -> tuple[int, int]:
        """A status alone means the lead's own pipeline if it has it, else the pipeline that does."""
        if lead is not None and pipeline_id in (None, lead.pipeline_id):
            if status_id is None:
                return lead.pipeline_id, lead.status_id
            if pipeline_id is None and self.stage(lead.pipeline_id, status_id) is not None:
                return lead.pipeline_id, status_id
        if pipeline_id is None and status_id is not None and status_id not in CLOSED:
            holder = next((one for one in self.pipelines.values() if one.status(status_id)), None)
            if holder is None:
                raise not_supported("status_id")
            pipeline_id = holder.id
        pipeline = self.main_pipeline() if pipeline_id is None else self.pipelines.get(pipeline_id)
        if pipeline is None:
            raise not_supported("pipeline_id")
        if status_id is None:
            return pipeline.id, self.first_status(pipeline).id
        if pipeline.status(status_id) is None:
            raise not_supported("status_id")
        return pipeline.id, status_id

    def _rename(self, lead: Lead, changes: dict[str, Any], by: int, at: int) -> None:
        if "name" in changes and changes["name"] != lead.name:
            before, after = ([{"name_field_value": {"name": name}}] for name in (lead.name, changes["name"]))
            lead.name = changes["name"]
            self.record("name_field_changed", "lead", lead.id, by=by, at=at, after=after, before=before)
        if "price" in changes and changes["price"] != lead.price:
            prices = (lead.price, changes["price"])
            before, after = ([{"sale_field_value": {"sale": price}}] for price in prices)
            lead.price = changes["price"]
            self.record("sale_field_changed", "lead", lead.id, by=by, at=at, after=after, before=before)

    def _step(self, lead: Lead, place: tuple[int, int], by: int, at: int) -> None:
        before = [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
        lead.pipeline_id, lead.status_id = place
        after = [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
        lead.closed_at = at if lead.status_id in CLOSED else None
        self.record("lead_status_changed", "lead", lead.id, by=by, at=at, after=after, before=before)

    def _ring_edit(self, lead: Lead, old_place: tuple[int, int], old_owner: int) -> None:
        """One save, up to three hooks: `update` always, `status` and `responsible` when they changed."""
        old_pipeline, old_status = old_place
        stepped = old_place != (lead.pipeline_id, lead.status_id)
        body = lead_body(lead, old_status_id=old_status if stepped else None)
        self.ring("update_lead", "leads", "update", body)
        if stepped:
            moved = old_pipeline if old_pipeline != lead.pipeline_id else None
            body = lead_body(lead, old_status_id=old_status, old_pipeline_id=moved)
            self.ring("status_lead", "leads", "status", body)
        if lead.responsible_user_id != old_owner:
            body = lead_body(lead, old_responsible_user_id=old_owner)
            self.ring("responsible_lead", "leads", "responsible", body)
