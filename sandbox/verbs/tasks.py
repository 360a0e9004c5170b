"""Verbs on tasks."""

from typing import Any

from sandbox.hooks.bodies import deleted_task_body, task_body
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import Task, TaskResult
from sandbox.state import SINGULAR, Moment
from sandbox.verbs.common import check_types
from sandbox.verbs.lead_trash import LeadTrashVerbs

PLAIN = ("created_at", "created_by", "duration")
EDITABLE = frozenset(
    [
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
    ]
) | set(PLAIN)


class TaskVerbs(LeadTrashVerbs):
    def create_task(
        self, *, text: str, complete_till: Moment, by: int | None = None, at: Moment = None, **keys: Any
    ) -> Task:
        """A new task from the API's write keys; on a lead when `entity_id` comes without `entity_type`.

        `complete_till` is a moment or Unix seconds. Raises `Refused` and then makes nothing.
        """
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            keys = {key: value for key, value in keys.items() if value is not None}
            keys |= {"text": text, "complete_till": self.moment(complete_till)}
            self.check_task(keys)
            owner = keys.get("responsible_user_id", actor)
            task = Task(
                id=self.next_id("tasks", self.tasks.rows),
                created_by=keys.get("created_by", actor),
                updated_by=keys.get("updated_by", actor),
                created_at=keys.get("created_at", moment),
                updated_at=keys.get("updated_at", moment),
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                entity_id=keys.get("entity_id"),
                entity_type=keys.get("entity_type", "leads") if "entity_id" in keys else None,
                duration=keys.get("duration", 0),
                task_type_id=keys.get("task_type_id", 1),
                text=text,
                complete_till=keys["complete_till"],
                account_id=self.account.id,
            )
            self.tasks.put(task)
            self.record("task_added", "task", task.id, by=task.created_by, at=moment)
            self._finish(task, keys, actor, moment)
            self.tasks.put(task)
            self._tell_card(task, moment)
            self.ring("add_task", "task", "add", task_body(task, self.zone, self.switches))
            return task

    def edit_task(self, *, task_id: int, by: int | None = None, at: Moment = None, **changes: Any) -> Task:
        """One save of a task from the API's write keys.

        Raises `Refused` or `NotFound` and then changes nothing.
        """
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
        self, *, task_id: int, complete_till: Moment, by: int | None = None, at: Moment = None
    ) -> Task:
        """Move the deadline. `complete_till`: a moment or Unix seconds."""
        return self.edit_task(task_id=task_id, by=by, at=at, complete_till=self.moment(complete_till))

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

    def check_task(self, keys: dict[str, Any]) -> None:
        """Refuse keys that amoCRM would not take."""
        unknown = next((key for key in keys if key not in EDITABLE), None)
        if unknown:
            raise not_supported(unknown)
        check_types(keys, str, "text")
        check_types(keys, bool, "is_completed")
        check_types(keys, int, "complete_till", "duration", "created_at", "updated_at")
        types = {one.id for one in self.account.embedded.task_types}
        if "task_type_id" in keys and keys["task_type_id"] not in types:
            raise not_supported("task_type_id")
        if "responsible_user_id" in keys:
            self.employee(keys["responsible_user_id"], "responsible_user_id")
        for key in ("created_by", "updated_by"):
            if key in keys:
                self.employee(keys[key], key, robot_too=True)
        if keys.get("entity_id") is not None:
            self._check_card(keys.get("entity_type", "leads"), keys["entity_id"])
        result = keys.get("result")
        if result and not (isinstance(result, dict) and isinstance(result.get("text"), str)):
            raise invalid_type("result.text", "string")

    def _check_card(self, entity_type: Any, entity_id: Any) -> None:
        if entity_type not in SINGULAR:
            raise not_supported("entity_type")
        try:
            self.card(entity_type, entity_id)
        except NotFound:
            raise not_supported("entity_id") from None

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
            note = self.next_note_id()
            self.record("task_result_added", "task", task.id, by=by, at=at, after=[{"note": {"id": note}}])

    def _tell_card(self, task: Task, at: int) -> None:
        self.refresh_closest_task(task.entity_type, task.entity_id)
        lead = self.leads.get(task.entity_id or 0) if task.entity_type == "leads" else None
        if lead is not None and self.switches.task_bumps_lead:
            lead.updated_at = at
            self.leads.put(lead)
