"""Verbs on pipelines and their statuses."""

from typing import Any

from sandbox.account_rows import CLOSED, INCOMING, Pipeline, Status
from sandbox.defaults import new_pipeline
from sandbox.refused import NotFound, Refused, not_supported
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

    def _next_status_id(self, count: int) -> int:
        taken = (status.id for pipeline in self.pipelines.values() for status in pipeline.statuses)
        first = self.next_id("statuses", taken)
        for _ in range(count - 1):
            self.next_id("statuses")
        return first
