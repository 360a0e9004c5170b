"""Verbs on leads."""

from typing import Any

from sandbox.fields import written
from sandbox.hooks.bodies import deleted_lead_body, lead_body
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import CLOSED, ContactRef, Lead, LeadParts, Ref, SourceRef
from sandbox.state import Moment, State

PLAIN = ("created_at", "updated_at", "created_by", "closed_at", "loss_reason_id", "score", "labor_cost")
EDITABLE = {
    *PLAIN,
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
}


class LeadVerbs(State):
    def create_lead(
        self,
        *,
        name: str = "",
        pipeline_id: int | None = None,
        status_id: int | None = None,
        price: int | float = 0,
        responsible_user_id: int | None = None,
        custom_fields_values: list[dict[str, Any]] | None = None,
        tags: Any = (),
        contacts: list[ContactRef] | tuple[ContactRef, ...] = (),
        company_id: int | None = None,
        loss_reason_id: int | None = None,
        source: SourceRef | None = None,
        created_by: int | None = None,
        updated_by: int | None = None,
        closed_at: int | None = None,
        updated_at: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Lead:
        """A new lead; the default place is the first status of the main pipeline. Raises `Refused`."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            pipeline_id, status_id = self._place(pipeline_id, status_id)
            owner = (
                actor
                if responsible_user_id is None
                else self.employee(responsible_user_id, "responsible_user_id")
            )
            self._check_price(price)
            self._check_loss_reason(loss_reason_id)
            values = self.new_fields("leads", custom_fields_values)
            lead = Lead(
                id=self.next_id("leads", self.leads.rows),
                name=name,
                price=price,
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                status_id=status_id,
                pipeline_id=pipeline_id,
                loss_reason_id=loss_reason_id,
                created_by=actor
                if created_by is None
                else self.employee(created_by, "created_by", robot_too=True),
                updated_by=actor
                if updated_by is None
                else self.employee(updated_by, "updated_by", robot_too=True),
                created_at=moment,
                updated_at=moment if updated_at is None else updated_at,
                closed_at=closed_at if closed_at is not None else (moment if status_id in CLOSED else None),
                custom_fields_values=values,
                account_id=self.account.id,
                source_id=source.id if source else None,
                embedded=LeadParts(
                    tags=self.named_tags("leads", tags, "_embedded.tags"),
                    companies=[Ref(company_id)] if company_id else [],
                    contacts=list(contacts),
                    source=source,
                ),
            )
            if not name:
                lead.name = f"Сделка #{lead.id}"
            self.leads.put(lead)
            note = self.next_id("notes", self.notes.rows)
            self.record(
                "lead_added", "lead", lead.id, by=lead.created_by, at=moment, after=[{"note": {"id": note}}]
            )
            for kind, ref in [("contact", ref) for ref in contacts] + [
                ("company", r) for r in lead.embedded.companies
            ]:
                self._record_link("linked", lead.id, kind, ref.id, actor, moment)
            self.ring("add_lead", "leads", "add", lead_body(lead))
            return lead

    def edit_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None, **changes: Any) -> Lead:
        """One save of a lead: any of the API's write keys. Raises `Refused` or `NotFound` and then changes nothing."""
        with self.lock:
            moment = self.moment(at)
            lead = self._living(lead_id)
            self._check_changes(lead, changes)
            old_status, old_pipeline, old_owner = lead.status_id, lead.pipeline_id, lead.responsible_user_id
            actor = changes.get("updated_by", self.actor(by))
            place = self._place_of_change(lead, changes)
            lead.updated_by, lead.updated_at = actor, moment
            self._rename(lead, changes, actor, moment)
            if place != (old_pipeline, old_status):
                self._step(lead, place, actor, moment)
            for key in PLAIN:
                if key in changes:
                    setattr(lead, key, changes[key])
            if "updated_at" in changes:
                lead.updated_at = changes["updated_at"]
            if "responsible_user_id" in changes:
                self.give("leads", lead, changes["responsible_user_id"], actor, moment)
            if "custom_fields_values" in changes:
                self.set_fields("leads", lead, changes["custom_fields_values"], actor, moment)
            self._retag(lead, changes, actor, moment)
            self.leads.put(lead)
            stepped = place != (old_pipeline, old_status)
            old_place = {
                "old_status_id": old_status if stepped else None,
                "old_pipeline_id": old_pipeline if place[0] != old_pipeline else None,
            }
            self.ring(
                "update_lead", "leads", "update", lead_body(lead, old_status_id=old_place["old_status_id"])
            )
            if stepped:
                self.ring("status_lead", "leads", "status", lead_body(lead, **old_place))
            if lead.responsible_user_id != old_owner:
                body = lead_body(lead, old_responsible_user_id=old_owner)
                self.ring("responsible_lead", "leads", "responsible", body)
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

    def delete_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None) -> Lead:
        """To the trash; its tasks leave the lists with it, without events of their own."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            lead = self._living(lead_id)
            lead.is_deleted, lead.updated_at, lead.updated_by = True, moment, actor
            self.leads.put(lead)
            for task_id in self.tasks.group("card", ("leads", lead_id)):
                self.trashed_tasks.add(task_id)
                self.tasks.put(self.tasks.rows[task_id])
            self.record("lead_deleted", "lead", lead_id, by=actor, at=moment)
            self.ring("delete_lead", "leads", "delete", deleted_lead_body(lead))
            return lead

    def restore_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None) -> Lead:
        """Out of the trash; `updated_at` stays what the deletion made it."""
        with self.lock:
            lead = self.leads.get(lead_id)
            if lead is None or not lead.is_deleted:
                raise NotFound(f"there is no lead {lead_id} in the trash")
            lead.is_deleted = False
            self.leads.put(lead)
            for task_id in self.tasks.group("card", ("leads", lead_id)):
                self.trashed_tasks.discard(task_id)
                self.tasks.put(self.tasks.rows[task_id])
            self.refresh_closest_task("leads", lead_id)
            self.record("lead_restored", "lead", lead_id, by=self.actor(by), at=self.moment(at))
            self.ring("restore_lead", "leads", "restore", lead_body(lead))
            return lead

    def merge_leads(
        self, *, survivor_id: int, loser_ids: list[int], by: int | None = None, at: Moment = None
    ) -> Lead:
        """Tasks, notes, events, contacts and tags go to the survivor; the losers to the trash."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            survivor = self._living(survivor_id)
            losers = [self._living(lead_id) for lead_id in dict.fromkeys(loser_ids)]
            if survivor in losers or not losers:
                raise not_supported("loser_ids")
            for loser in losers:
                self._take_over(survivor, loser)
            survivor.updated_at, survivor.updated_by = moment, actor
            self.leads.put(survivor)
            self.refresh_closest_task("leads", survivor_id)
            self.record("entity_merged", "lead", survivor_id, by=actor, at=moment)
            for loser in losers:
                self.delete_lead(lead_id=loser.id, by=actor, at=moment)
            self.ring("update_lead", "leads", "update", lead_body(survivor))
            return survivor

    def _take_over(self, survivor: Lead, loser: Lead) -> None:
        for task_id in self.tasks.group("card", ("leads", loser.id)):
            task = self.tasks.rows[task_id]
            task.entity_id = survivor.id
            self.tasks.put(task)
        for note_id in self.notes.group("card", ("leads", loser.id)):
            note = self.notes.rows[note_id]
            note.entity_id = survivor.id
            self.notes.put(note)
        self.events.move(("lead", loser.id), ("lead", survivor.id))
        held = {ref.id for ref in survivor.embedded.contacts}
        survivor.embedded.contacts += [
            ContactRef(ref.id, ref.is_main and not held)
            for ref in loser.embedded.contacts
            if ref.id not in held
        ]
        survivor.embedded.companies = survivor.embedded.companies or list(loser.embedded.companies)
        tags = {tag.id: tag for tag in survivor.embedded.tags + loser.embedded.tags}
        survivor.embedded.tags = list(tags.values())

    def _living(self, lead_id: int) -> Lead:
        lead = self.leads.get(lead_id)
        if lead is None or lead.is_deleted:
            raise NotFound(f"there is no lead {lead_id}")
        return lead

    def _place(self, pipeline_id: int | None, status_id: int | None) -> tuple[int, int]:
        if pipeline_id is None and status_id not in (None, *CLOSED):
            holder = next((one for one in self.pipelines.values() if one.status(status_id or 0)), None)
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

    def _place_of_change(self, lead: Lead, changes: dict[str, Any]) -> tuple[int, int]:
        pipeline_id, status_id = changes.get("pipeline_id"), changes.get("status_id")
        if pipeline_id is None and status_id is None:
            return lead.pipeline_id, lead.status_id
        if pipeline_id is None and self.stage(lead.pipeline_id, status_id) is not None:
            return lead.pipeline_id, status_id
        if pipeline_id == lead.pipeline_id and status_id is None:
            return lead.pipeline_id, lead.status_id
        return self._place(pipeline_id, status_id)

    def _check_changes(self, lead: Lead, changes: dict[str, Any]) -> None:
        unknown = next((key for key in changes if key not in EDITABLE), None)
        if unknown:
            raise not_supported(unknown)
        for key in ("status_id", "pipeline_id", "created_at", "updated_at", "created_by", "updated_by"):
            if key in changes and (isinstance(changes[key], bool) or not isinstance(changes[key], int)):
                raise invalid_type(key, "int")
        for key in ("created_by", "updated_by"):
            if key in changes:
                self.employee(changes[key], key, robot_too=True)
        if "responsible_user_id" in changes:
            self.employee(changes["responsible_user_id"], "responsible_user_id")
        if "name" in changes and not isinstance(changes["name"], str):
            raise invalid_type("name", "string")
        if "price" in changes:
            self._check_price(changes["price"])
        self._check_loss_reason(changes.get("loss_reason_id"))
        self._place_of_change(lead, changes)
        if "custom_fields_values" in changes:
            written(self.fields["leads"], changes["custom_fields_values"])
        for key in ("tags", "tags_to_add"):
            if changes.get(key) is not None:
                self.named_tags("leads", changes[key], key)

    @staticmethod
    def _check_price(price: Any) -> None:
        if isinstance(price, bool) or not isinstance(price, (int, float)):
            raise invalid_type("price", "int")

    def _check_loss_reason(self, loss_reason_id: Any) -> None:
        if loss_reason_id is not None and loss_reason_id not in self.loss_reasons:
            raise not_supported("loss_reason_id")

    def _rename(self, lead: Lead, changes: dict[str, Any], by: int, at: int) -> None:
        if "name" in changes and changes["name"] != lead.name:
            before, after = ([{"name_field_value": {"name": name}}] for name in (lead.name, changes["name"]))
            lead.name = changes["name"]
            self.record("name_field_changed", "lead", lead.id, by=by, at=at, after=after, before=before)
        if "price" in changes and changes["price"] != lead.price:
            before, after = (
                [{"sale_field_value": {"sale": price}}] for price in (lead.price, changes["price"])
            )
            lead.price = changes["price"]
            self.record("sale_field_changed", "lead", lead.id, by=by, at=at, after=after, before=before)

    def _step(self, lead: Lead, place: tuple[int, int], by: int, at: int) -> None:
        before = [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
        lead.pipeline_id, lead.status_id = place
        after = [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
        lead.closed_at = at if lead.status_id in CLOSED else None
        self.record("lead_status_changed", "lead", lead.id, by=by, at=at, after=after, before=before)

    def _retag(self, lead: Lead, changes: dict[str, Any], by: int, at: int) -> None:
        tags = list(lead.embedded.tags)
        if "tags" in changes:
            tags = self.named_tags("leads", changes["tags"] or [], "_embedded.tags")
        if changes.get("tags_to_add"):
            tags += self.named_tags("leads", changes["tags_to_add"], "tags_to_add")
        gone = changes.get("tags_to_delete") or ()
        names = {item if isinstance(item, str) else item.get("name") for item in gone}
        ids = {item.get("id") for item in gone if isinstance(item, dict)}
        tags = [tag for tag in tags if tag.name not in names and tag.id not in ids]
        self.set_tags("leads", lead, tags, by, at)

    def _record_link(self, what: str, lead_id: int, kind: str, card_id: int, by: int, at: int) -> None:
        key = "link" if what == "linked" else "unlink"
        sides = {
            "after" if what == "linked" else "before": [{key: {"entity": {"type": kind, "id": card_id}}}]
        }
        self.record(f"entity_{what}", "lead", lead_id, by=by, at=at, **sides)

    def give(self, kind: str, row: Any, user_id: int, by: int, at: int) -> None:
        """Make a user responsible for a card."""
        if row.responsible_user_id == user_id:
            return
        before, after = ([{"responsible_user": {"id": one}}] for one in (row.responsible_user_id, user_id))
        row.responsible_user_id, row.group_id = user_id, self.group_of(user_id)
        entity = {"leads": "lead", "contacts": "contact", "companies": "company", "tasks": "task"}[kind]
        self.record("entity_responsible_changed", entity, row.id, by=by, at=at, after=after, before=before)
