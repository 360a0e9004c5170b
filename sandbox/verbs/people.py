"""Verbs on users."""

from typing import Any

from sandbox.account_rows import Group, LossReason, User, UserParts, full_rights
from sandbox.refused import NotFound
from sandbox.state import Moment
from sandbox.verbs.chats import ChatVerbs


class PeopleVerbs(ChatVerbs):
    def user(self, user_id: int) -> User:
        if user_id not in self.users:
            raise NotFound(f"there is no user {user_id}")
        return self.users[user_id]

    def create_user(
        self, *, name: str, email: str, is_admin: bool = False, group_id: int = 0, lang: str = "ru"
    ) -> User:
        with self.lock:
            groups = [
                Group(one.id, one.name) for one in self.account.embedded.users_groups if one.id == group_id
            ]
            user = User(
                id=self.next_id("users", self.users),
                name=name,
                email=email,
                lang=lang,
                rights={**full_rights(), "is_admin": is_admin, "group_id": group_id or None},
                embedded=UserParts(groups=groups),
            )
            self.users[user.id] = user
            return user

    def rename_user(self, *, user_id: int, name: str) -> User:
        with self.lock:
            user = self.user(user_id)
            user.name = name
            return user

    def deactivate_user(self, *, user_id: int) -> User:
        """The user stays in the list, switched off; leads and tasks keep their owner."""
        with self.lock:
            user = self.user(user_id)
            user.rights["is_active"] = False
            return user

    def activate_user(self, *, user_id: int) -> User:
        with self.lock:
            user = self.user(user_id)
            user.rights["is_active"] = True
            return user

    def remove_user(
        self, *, user_id: int, heir_id: int | None = None, by: int | None = None, at: Moment = None
    ) -> None:
        """The user vanishes from the list, ids stay in the data; with an heir, open leads and tasks are handed over."""
        with self.lock:
            self.user(user_id)
            if heir_id is not None:
                owned: Any
                for owned in [
                    one for one in self.leads if one.responsible_user_id == user_id and not one.is_deleted
                ]:
                    self.edit_lead(lead_id=owned.id, responsible_user_id=heir_id, by=by, at=at)
                for owned in [one for one in self.tasks if one.responsible_user_id == user_id]:
                    if not owned.is_completed and owned.id not in self.trashed_tasks:
                        self.edit_task(task_id=owned.id, responsible_user_id=heir_id, by=by, at=at)
            del self.users[user_id]

    def create_loss_reason(self, *, name: str, sort: int = 1000) -> LossReason:
        with self.lock:
            at = self.moment(None)
            reason = LossReason(
                id=self.next_id("loss_reasons", self.loss_reasons),
                name=name,
                sort=sort,
                created_at=at,
                updated_at=at,
            )
            self.loss_reasons[reason.id] = reason
            return reason
