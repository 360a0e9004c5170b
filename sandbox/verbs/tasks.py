"""Verbs on tasks."""

from typing import Any

from sandbox.clock import epoch
from sandbox.hooks.bodies import deleted_task_body, task_body
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import Task, TaskResult
from sandbox.state import SINGULAR, Moment
from sandbox.verbs.leads import LeadVerbs

PLAIN = ("created_at", "created_by", "duration")
EDITABLE = {
    *PLAIN,
    "text",
    "complete_till",
    "task_type_id",
    "responsible_user_id",
    "entity_id",
    "entity_type",
    "is_completed",
    "result",
    "updated_by",
    "updated_at",
}


class TaskVerbs(LeadVerbs):
    def create_task(
        self,
        *,
        text: str,
        complete_till: Any,
        entity_id: int | None = None,
        entity_type: str | None = "leads",
        task_type_id: int = 1,
        responsible_user_id: int | None = None,
        duration: int = 0,
        is_completed: bool = False,
        result: str | None = None,
        created_by: int | None = None,
        updated_by: int | None = None,
        updated_at: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Task:
        """A new task, on a card when `entity_id` is given. `complete_till`: a moment or Unix seconds."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            owner = (
                actor
                if responsible_user_id is None
                else self.employee(responsible_user_id, "responsible_user_id")
            )
            self._check_type(task_type_id)
            if entity_id is not None:
                self._check_card(entity_type, entity_id)
            task = Task(
                id=self.next_id("tasks", self.tasks.rows),
                created_by=actor
                if created_by is None
                else self.employee(created_by, "created_by", robot_too=True),
                updated_by=actor
                if updated_by is None
                else self.employee(updated_by, "updated_by", robot_too=True),
                created_at=moment,
                updated_at=moment if updated_at is None else updated_at,
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                entity_id=entity_id,
                entity_type=entity_type if entity_id is not None else None,
                duration=duration,
                task_type_id=task_type_id,
                text=text,
                complete_till=epoch(complete_till),
                account_id=self.account.id,
            )
            self.tasks.put(task)
            self.record("task_added", "task", task.id, by=task.created_by, at=moment)
            self._tell_card(task, moment)
            self.ring("add_task", "task", "add", task_body(task, self.zone, self.switches))
            if is_completed:
                self.complete_task(task_id=task.id, result=result, by=actor, at=moment)
            return task

    def edit_task(self, *, task_id: int, by: int | None = None, at: Moment = None, **changes: Any) -> Task:
        """One save of a task: any of the API's write keys. Raises `Refused` or `NotFound` and then changes nothing."""
        with self.lock:
            moment = self.moment(at)
            task = self.task(task_id)
            self.check_task(changes)
            actor = changes.get("updated_by", self.actor(by))
            old_owner, was_completed = task.responsible_user_id, task.is_completed
            old_card = (task.entity_type, task.entity_id)
            task.updated_by, task.updated_at = actor, changes.get("updated_at", moment)
            for key in (*PLAIN, "entity_id", "entity_type"):
                if key in changes:
                    setattr(task, key, changes[key])
            self._reword(task, changes, actor, moment)
            if "responsible_user_id" in changes:
                self.give("tasks", task, changes["responsible_user_id"], actor, moment)
            self._finish(task, changes, actor, moment)
            self.tasks.put(task)
            self._tell_card(task, moment)
            if old_card != (task.entity_type, task.entity_id):
                self.refresh_closest_task(*old_card)
            closed_now = task.is_completed and not was_completed
            body = task_body(task, self.zone, self.switches, closed_now=closed_now)
            self.ring("update_task", "task", "update", body)
            if task.responsible_user_id != old_owner:
                body = task_body(task, self.zone, self.switches, old_responsible_user_id=old_owner)
                self.ring("responsible_task", "task", "responsible", body)
            return task

    def complete_task(
        self, *, task_id: int, result: str | None = None, by: int | None = None, at: Moment = None
    ) -> Task:
        changes: dict[str, Any] = {"is_completed": True}
        if result is not None:
            changes["result"] = {"text": result}
        return self.edit_task(task_id=task_id, by=by, at=at, **changes)

    def reopen_task(self, *, task_id: int, by: int | None = None, at: Moment = None) -> Task:
        return self.edit_task(task_id=task_id, by=by, at=at, is_completed=False)

    def reschedule_task(
        self, *, task_id: int, complete_till: Any, by: int | None = None, at: Moment = None
    ) -> Task:
        """Move the deadline. `complete_till`: a moment or Unix seconds."""
        return self.edit_task(task_id=task_id, by=by, at=at, complete_till=epoch(complete_till))

    def delete_task(self, *, task_id: int, by: int | None = None, at: Moment = None) -> Task:
        with self.lock:
            task = self.task(task_id)
            self.trashed_tasks.add(task_id)
            self.tasks.put(task)
            self.refresh_closest_task(task.entity_type, task.entity_id)
            self.record("task_deleted", "task", task_id, by=self.actor(by), at=self.moment(at))
            self.ring("delete_task", "task", "delete", deleted_task_body(task, self.switches))
            return task

    def task(self, task_id: int) -> Task:
        task = self.tasks.get(task_id)
        if task is None or task_id in self.trashed_tasks:
            raise NotFound(f"there is no task {task_id}")
        return task

    def _check_type(self, task_type_id: Any) -> None:
        if task_type_id not in {one.id for one in self.account.embedded.task_types}:
            raise not_supported("task_type_id")

    def _check_card(self, entity_type: Any, entity_id: Any) -> None:
        if entity_type not in SINGULAR:
            raise not_supported("entity_type")
        if isinstance(entity_id, bool) or not isinstance(entity_id, int):
            raise invalid_type("entity_id", "int")
        try:
            self.card(entity_type, entity_id)
        except NotFound:
            raise not_supported("entity_id") from None

    def check_task(self, changes: dict[str, Any]) -> None:
        unknown = next((key for key in changes if key not in EDITABLE), None)
        if unknown:
            raise not_supported(unknown)
        for key in ("complete_till", "duration", "created_at", "updated_at"):
            if key in changes and (isinstance(changes[key], bool) or not isinstance(changes[key], int)):
                raise invalid_type(key, "int")
        if "text" in changes and not isinstance(changes["text"], str):
            raise invalid_type("text", "string")
        if "is_completed" in changes and not isinstance(changes["is_completed"], bool):
            raise invalid_type("is_completed", "bool")
        if "task_type_id" in changes:
            self._check_type(changes["task_type_id"])
        if "responsible_user_id" in changes:
            self.employee(changes["responsible_user_id"], "responsible_user_id")
        for key in ("created_by", "updated_by"):
            if key in changes:
                self.employee(changes[key], key, robot_too=True)
        if changes.get("entity_id") is not None:
            self._check_card(changes.get("entity_type", "leads"), changes["entity_id"])
        result = changes.get("result")
        if result and not (isinstance(result, dict) and isinstance(result.get("text"), str)):
            raise invalid_type("result.text", "string")

    def _reword(self, task: Task, changes: dict[str, Any], by: int, at: int) -> None:
        if "text" in changes and changes["text"] != task.text:
            before, after = ([{"task": {"text": text}}] for text in (task.text, changes["text"]))
            task.text = changes["text"]
            self.record("task_text_changed", "task", task.id, by=by, at=at, after=after, before=before)
        if "task_type_id" in changes and changes["task_type_id"] != task.task_type_id:
            before, after = (
                [{"task_type": {"id": one}}] for one in (task.task_type_id, changes["task_type_id"])
            )
            task.task_type_id = changes["task_type_id"]
            self.record("task_type_changed", "task", task.id, by=by, at=at, after=after, before=before)
        if "complete_till" in changes and changes["complete_till"] != task.complete_till:
            sides = (task.complete_till, changes["complete_till"])
            before, after = ([{"task_deadline": {"timestamp": one}}] for one in sides)
            task.complete_till = changes["complete_till"]
            self.record("task_deadline_changed", "task", task.id, by=by, at=at, after=after, before=before)

    def _finish(self, task: Task, changes: dict[str, Any], by: int, at: int) -> None:
        completed = changes.get("is_completed", task.is_completed)
        if completed and not task.is_completed:
            self.record("task_completed", "task", task.id, by=by, at=at)
        task.is_completed = completed
        if changes.get("result") and completed:
            task.result = TaskResult(changes["result"]["text"])
            note = self.next_id("notes", self.notes.rows)
            self.record("task_result_added", "task", task.id, by=by, at=at, after=[{"note": {"id": note}}])

    def _tell_card(self, task: Task, at: int) -> None:
        self.refresh_closest_task(task.entity_type, task.entity_id)
        lead = self.leads.get(task.entity_id or 0) if task.entity_type == "leads" else None
        if lead is not None and self.switches.task_bumps_lead:
            lead.updated_at = at
            self.leads.put(lead)
