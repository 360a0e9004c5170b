"""Verbs on pipelines, their statuses, and incoming leads."""

from typing import Any

from sandbox.account_rows import CLOSED, INCOMING, Pipeline, Status
from sandbox.defaults import new_pipeline
from sandbox.hooks.bodies import sorted_out_body, unsorted_body
from sandbox.refused import NotFound, Refused, not_supported
from sandbox.rows import Ref, Unsorted, UnsortedParts
from sandbox.state import Moment
from sandbox.verbs.cards import CardVerbs

_PALETTE = """
#fffeb2 #fffd7f #fff000 #ffeab2 #ffdc7f #ffce5a #ffdbdb #ffc8c8 #ff8f92 #d6eaff #c1e0ff #98cbff #ebffb1
#deff81 #87f2c0 #f9deff #f3beff #ccc8f9 #eb93ff #f2f3f4 #e6e8ea
"""
PALETTE = frozenset(_PALETTE.split())


class StageVerbs(CardVerbs):
    def pipeline(self, pipeline_id: int) -> Pipeline:
        if pipeline_id not in self.pipelines:
            raise NotFound(f"there is no pipeline {pipeline_id}")
        return self.pipelines[pipeline_id]

    def status(self, pipeline_id: int, status_id: int) -> Status:
        status = self.pipeline(pipeline_id).status(status_id)
        if status is None:
            raise NotFound(f"pipeline {pipeline_id} has no status {status_id}")
        return status

    def create_pipeline(self, *, name: str, stages: list[str], sort: int = 100) -> Pipeline:
        with self.lock:
            pipeline_id = self.next_id("pipelines", self.pipelines)
            first_id = self._next_status_id(len(stages) + 1)
            pipeline = new_pipeline(pipeline_id, name, self.account.id, stages, first_id)
            pipeline.sort = sort
            self.pipelines[pipeline_id] = pipeline
            return pipeline

    def rename_pipeline(self, *, pipeline_id: int, name: str) -> Pipeline:
        with self.lock:
            pipeline = self.pipeline(pipeline_id)
            pipeline.name = name
            return pipeline

    def archive_pipeline(self, *, pipeline_id: int, archived: bool = True) -> Pipeline:
        with self.lock:
            pipeline = self.pipeline(pipeline_id)
            pipeline.is_archive = archived
            return pipeline

    def delete_pipeline(self, *, pipeline_id: int) -> None:
        """Only a pipeline without leads, and never the last one. Raises `Refused`."""
        with self.lock:
            self.pipeline(pipeline_id)
            if len(self.pipelines) == 1 or any(lead.pipeline_id == pipeline_id for lead in self.leads):
                raise Refused("NotSupportedChoice", "id", "The pipeline has leads or is the last one.")
            del self.pipelines[pipeline_id]

    def create_status(self, *, pipeline_id: int, name: str, sort: int, color: str = "#fffeb2") -> Status:
        with self.lock:
            pipeline = self.pipeline(pipeline_id)
            if color not in PALETTE:
                raise not_supported("color")
            status = Status(
                id=self._next_status_id(1),
                name=name,
                sort=sort,
                color=color,
                pipeline_id=pipeline_id,
                account_id=self.account.id,
            )
            pipeline.statuses.append(status)
            pipeline.statuses.sort(key=lambda one: one.sort)
            return status

    def edit_status(self, *, pipeline_id: int, status_id: int, **changes: Any) -> Status:
        """Name, sort or colour; no lead is touched by it."""
        with self.lock:
            status = self.status(pipeline_id, status_id)
            if changes.get("color") is not None and changes["color"] not in PALETTE:
                raise not_supported("color")
            for key in ("name", "sort", "color", "descriptions"):
                if changes.get(key) is not None:
                    setattr(status, key, changes[key])
            self.pipeline(pipeline_id).statuses.sort(key=lambda one: one.sort)
            return status

    def rename_status(self, *, pipeline_id: int, status_id: int, name: str) -> Status:
        return self.edit_status(pipeline_id=pipeline_id, status_id=status_id, name=name)

    def delete_status(
        self, *, pipeline_id: int, status_id: int, by: int | None = None, at: Moment = None
    ) -> int:
        """Its leads move to the first status; gives their number. System statuses stay."""
        with self.lock:
            pipeline, status = self.pipeline(pipeline_id), self.status(pipeline_id, status_id)
            if status_id in CLOSED or status.type == INCOMING:
                raise Refused("NotSupportedChoice", "id", "A system status cannot be deleted.")
            moved = self.leads.group("stage", (pipeline_id, status_id))
            left = [one for one in pipeline.statuses if one.id != status_id]
            first = next((one for one in left if one.type != INCOMING and one.id not in CLOSED), None)
            if moved and first is None:
                raise Refused("NotSupportedChoice", "id", "The only status of a pipeline cannot be deleted.")
            for lead_id in moved:
                lead = self.leads.rows[lead_id]
                if first is not None and not lead.is_deleted:
                    self.move_lead(lead_id=lead_id, status_id=first.id, by=by, at=at)
                elif first is not None:
                    lead.status_id = first.id
                    self.leads.put(lead)
            pipeline.statuses.remove(status)
            return len(moved)

    def create_unsorted(
        self,
        *,
        category: str = "forms",
        name: str = "",
        pipeline_id: int | None = None,
        price: int = 0,
        source_name: str = "",
        source_uid: str | None = None,
        metadata: dict[str, Any] | None = None,
        contact: dict[str, Any] | None = None,
        contact_id: int | None = None,
        custom_fields_values: list[dict[str, Any]] | None = None,
        by: int | None = 0,
        at: Moment = None,
    ) -> Unsorted:
        """An incoming lead: it stands in «Неразобранное» until somebody accepts or declines it."""
        with self.lock:
            moment = self.moment(at)
            pipeline = self.main_pipeline() if pipeline_id is None else self.pipelines.get(pipeline_id)
            incoming = (
                next((one for one in pipeline.statuses if one.type == INCOMING), None) if pipeline else None
            )
            if pipeline is None or incoming is None:
                raise not_supported("pipeline_id")
            cards = [self.create_contact(by=by, at=at, **contact)] if contact else []
            cards += [self.contacts.rows[contact_id]] if contact_id else []
            for card in cards:
                card.is_unsorted = True
                self.contacts.put(card)
            lead = self.create_lead(
                name=name,
                pipeline_id=pipeline.id,
                status_id=incoming.id,
                price=price,
                custom_fields_values=custom_fields_values,
                by=by,
                at=at,
            )
            for card in cards:
                self._tie(lead, card, True)
            row = Unsorted(
                uid=f"{self.rng.getrandbits(256):064x}",
                source_uid=source_uid,
                source_name=source_name,
                category=category,
                pipeline_id=pipeline.id,
                created_at=moment,
                metadata=metadata or {},
                account_id=self.account.id,
                embedded=UnsortedParts(contacts=[Ref(card.id) for card in cards], leads=[Ref(lead.id)]),
            )
            self.unsorted[row.uid] = row
            self.ring("add_unsorted", "unsorted", "add", unsorted_body(row, lead))
            return row

    def accept_unsorted(
        self,
        *,
        uid: str,
        user_id: int | None = None,
        status_id: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Unsorted:
        with self.lock:
            row = self._incoming(uid)
            target = status_id or self.first_status(self.pipeline(row.pipeline_id)).id
            if self.stage(row.pipeline_id, target) is None:
                raise not_supported("status_id")
            changes = {"responsible_user_id": user_id} if user_id else {}
            for ref in row.embedded.leads:
                self.move_lead(
                    lead_id=ref.id, status_id=target, pipeline_id=row.pipeline_id, by=by, at=at, **changes
                )
            for ref in row.embedded.contacts:
                contact = self.contacts.rows[ref.id]
                contact.is_unsorted = False
                self.contacts.put(contact)
            return self._sort_out(row, "accept", self.moment(at))

    def decline_unsorted(self, *, uid: str, by: int | None = None, at: Moment = None) -> Unsorted:
        """The lead goes to the trash."""
        with self.lock:
            row = self._incoming(uid)
            for ref in row.embedded.leads:
                self.delete_lead(lead_id=ref.id, by=by, at=at)
            return self._sort_out(row, "decline", self.moment(at))

    def _incoming(self, uid: str) -> Unsorted:
        if uid not in self.unsorted:
            raise NotFound(f"there is no incoming lead {uid}")
        return self.unsorted[uid]

    def _sort_out(self, row: Unsorted, action: str, at: int) -> Unsorted:
        del self.unsorted[row.uid]
        self.sorted_out[row.uid] = (row, action, at)
        self.ring("delete_unsorted", "unsorted", "delete", sorted_out_body(row, action, at))
        return row

    def _next_status_id(self, count: int) -> int:
        taken = (status.id for pipeline in self.pipelines.values() for status in pipeline.statuses)
        first = self.next_id("statuses", taken)
        for _ in range(count - 1):
            self.next_id("statuses")
        return first
