"""The account in memory: rows, indexes, clock, and the two ways a change becomes known, events and hooks."""

import random
import threading
from collections.abc import Iterable
from datetime import datetime, tzinfo
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sandbox import php_query
from sandbox.account_rows import (
    INCOMING,
    Account,
    CustomField,
    FieldGroup,
    LossReason,
    Pipeline,
    Role,
    Source,
    Status,
    User,
    Webhook,
)
from sandbox.clock import Clock, epoch
from sandbox.eventlog import EventLog, event_id
from sandbox.hooks.delivery import Sender
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import Chat, Company, Contact, Event, Lead, Note, Tag, Talk, Task, Unsorted
from sandbox.switches import Switches
from sandbox.table import Table

Moment = datetime | int | float | None
SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company", "customers": "customer"}
TRASH_SECONDS = 30 * 86400
PLURAL = {singular: plural for plural, singular in SINGULAR.items()}


class State:
    """Everything one account holds. `lock` guards it: take it for any read of several rows and for every write."""

    def __init__(self, account: Account, clock: Clock, switches: Switches, seed: int) -> None:
        self.lock = threading.RLock()
        self.account = account
        self.clock = clock
        self.switches = switches
        self.rng = random.Random(seed)
        self.users: dict[int, User] = {}
        self.roles: dict[int, Role] = {}
        self.pipelines: dict[int, Pipeline] = {}
        self.fields: dict[str, dict[int, CustomField]] = {kind: {} for kind in SINGULAR}
        self.field_groups: dict[str, dict[str, FieldGroup]] = {kind: {} for kind in SINGULAR}
        self.loss_reasons: dict[int, LossReason] = {}
        self.sources: dict[int, Source] = {}
        self.tags: dict[str, dict[int, Tag]] = {kind: {} for kind in SINGULAR}
        self.unsorted: dict[str, Unsorted] = {}
        self.sorted_out: dict[str, tuple[Unsorted, str, int]] = {}
        """Incoming leads already accepted or declined: uid → (row, what, when)."""
        self.chats: dict[int, Chat] = {}
        self.talks: dict[int, Talk] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.leads: Table[Lead] = Table(
            ("id", "created_at", "updated_at"),
            {
                "stage": lambda lead: [(lead.pipeline_id, lead.status_id)],
                "contacts": lambda lead: [ref.id for ref in lead.embedded.contacts],
                "companies": lambda lead: [ref.id for ref in lead.embedded.companies],
            },
            visible=self._lead_is_listed,
        )
        companies_of = {"companies": lambda card: [ref.id for ref in card.embedded.companies]}
        self.contacts: Table[Contact] = Table(
            ("id", "updated_at"), companies_of, visible=lambda card: not (card.is_deleted or card.is_unsorted)
        )
        self.hidden_companies: set[int] = set()
        """Companies of incoming leads: in no list until somebody accepts the lead."""
        self.companies: Table[Company] = Table(
            ("id", "updated_at"),
            visible=lambda card: not (card.is_deleted or card.id in self.hidden_companies),
        )
        self.trashed_tasks: set[int] = set()
        self.tasks: Table[Task] = Table(
            ("id", "created_at", "complete_till", "updated_at"),
            {"card": lambda task: [(task.entity_type, task.entity_id)] if task.entity_id else []},
            visible=lambda task: task.id not in self.trashed_tasks,
        )
        self.notes: dict[str, Table[Note]] = {
            kind: Table(("id", "updated_at"), {"card": lambda note: [note.entity_id]}) for kind in SINGULAR
        }
        self.events = EventLog()
        self.sender = Sender(lambda: self.switches)
        self._last_ids: dict[str, int] = {}
        self._event_number = 0

    # ---- time and people

    def now(self) -> datetime:
        return self.clock.now()

    def moment(self, at: Moment) -> int:
        """Unix seconds of `at`, or of now."""
        return self.clock.timestamp() if at is None else epoch(at)

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.account.embedded.datetime_settings.get("timezone", "Europe/Moscow"))

    @property
    def admin_id(self) -> int:
        """The first active admin (or user): who acts when nobody is named."""
        active = [user for user in self.users.values() if user.is_active]
        return next((user.id for user in active if user.is_admin), active[0].id if active else 0)

    def actor(self, by: int | None) -> int:
        return self.admin_id if by is None else by

    def group_of(self, user_id: int) -> int:
        user = self.users.get(user_id)
        return user.group_id if user else 0

    def employee(self, user_id: Any, path: str, robot_too: bool = False) -> int:
        """The id of an active user; `Refused` for anybody else."""
        if isinstance(user_id, bool) or not isinstance(user_id, int):
            raise invalid_type(path, "int")
        user = self.users.get(user_id)
        if not (user and user.is_active) and not (robot_too and user_id == 0):
            raise not_supported(path)
        return user_id

    # ---- dictionaries

    def next_id(self, kind: str, taken: Iterable[int] = ()) -> int:
        """A fresh id; `taken` is looked at once, when the kind is used for the first time."""
        if kind not in self._last_ids:
            self._last_ids[kind] = max(taken, default=1000)
        self._last_ids[kind] += 1
        return self._last_ids[kind]

    def next_note_id(self) -> int:
        """Notes share their ids with the invisible ones that some events name."""
        return self.next_id("notes", chain.from_iterable(table.rows for table in self.notes.values()))

    def main_pipeline(self) -> Pipeline:
        return next(
            (one for one in self.pipelines.values() if one.is_main), next(iter(self.pipelines.values()))
        )

    def stage(self, pipeline_id: int, status_id: int) -> Status | None:
        pipeline = self.pipelines.get(pipeline_id)
        return pipeline.status(status_id) if pipeline else None

    def first_status(self, pipeline: Pipeline) -> Status:
        """Where a lead lands when no status is named: the first that is not the incoming one."""
        ordered = sorted(pipeline.statuses, key=lambda status: status.sort)
        return next((status for status in ordered if status.type != INCOMING), ordered[0])

    def is_incoming(self, lead: Lead) -> bool:
        status = self.stage(lead.pipeline_id, lead.status_id)
        return status is not None and status.type == INCOMING

    def _lead_is_listed(self, lead: Lead) -> bool:
        return not lead.is_deleted and (self.switches.incoming_in_leads or not self.is_incoming(lead))

    def tag(self, kind: str, name: str, color: str | None = None) -> Tag:
        """The tag with this name, made when there is none."""
        tags = self.tags[kind]
        found = next((tag for tag in tags.values() if tag.name == name), None)
        if found is None:
            found = Tag(
                self.next_id("tags", (one for kind in self.tags.values() for one in kind)), name, color
            )
            tags[found.id] = found
        return found

    def cards(self, kind: str | None) -> Table[Any] | None:
        """The table of leads, contacts or companies; None for a kind of which there are no rows here."""
        tables: dict[str | None, Table[Any]] = {
            "leads": self.leads,
            "contacts": self.contacts,
            "companies": self.companies,
        }
        return tables.get(kind)

    def card(self, kind: str, card_id: int) -> Lead | Contact | Company:
        """Raises `NotFound` for a card that is not there or stands in the trash."""
        table = self.cards(kind)
        row: Lead | Contact | Company | None = table.get(card_id) if table is not None else None
        if row is None or row.is_deleted:
            raise NotFound(f"there is no {SINGULAR.get(kind, kind)} {card_id}")
        return row

    def in_trash(self, lead: Lead) -> bool:
        """Deleted, and not so long ago that it is gone for good."""
        return lead.is_deleted and lead.updated_at > self.clock.timestamp() - TRASH_SECONDS

    def put_card(self, row: Lead | Contact | Company) -> None:
        if isinstance(row, Lead):
            self.leads.put(row)
        elif isinstance(row, Contact):
            self.contacts.put(row)
        else:
            self.companies.put(row)

    # ---- how a change becomes known

    def record(
        self,
        kind: str,
        entity_type: str,
        entity_id: int,
        *,
        by: int,
        at: int,
        after: list[Any] | None = None,
        before: list[Any] | None = None,
    ) -> Event:
        self._event_number += 1
        event = Event(
            id=event_id(at, self._event_number, self.rng.getrandbits(40)),
            type=kind,
            entity_id=entity_id,
            entity_type=entity_type,
            created_by=by,
            created_at=at,
            value_after=self.events.encode(after or []),
            value_before=self.events.encode(before or []),
        )
        self.events.add(event)
        return event

    def ring(self, code: str, group: str, action: str, body: dict[str, Any]) -> None:
        """Queue a hook for every address subscribed to `code`."""
        subscribed = [hook for hook in self.webhooks.values() if code in hook.settings and not hook.disabled]
        if not subscribed:
            return
        account = {
            "account": {
                "subdomain": self.account.subdomain,
                "id": self.account.id,
                "_links": {"self": f"https://{self.account.subdomain}.amocrm.ru"},
            }
        }
        news = {group: {action: {0: body}}}
        tree = {**account, **news} if self.switches.account_position == "first" else {**news, **account}
        encoded = php_query.build(tree).encode()
        for hook in subscribed:
            self.sender.push(hook, code, encoded)

    def counts(self) -> dict[str, int]:
        """How many rows a full read of the API gives, and what stands in the trash."""
        shown = [lead for lead in self.leads if not lead.is_deleted]
        return {
            "users": len(self.users),
            "pipelines": len(self.pipelines),
            "statuses": sum(len(one.statuses) for one in self.pipelines.values()),
            "leads": len(shown),
            "leads_in_trash": len(self.leads) - len(shown),
            "leads_incoming": sum(self.is_incoming(lead) for lead in shown),
            "unsorted": len(self.unsorted),
            "contacts": sum(not (card.is_deleted or card.is_unsorted) for card in self.contacts),
            "companies": sum(
                not (card.is_deleted or card.id in self.hidden_companies) for card in self.companies
            ),
            "tasks": len(self.tasks) - len(self.trashed_tasks),
            "tasks_in_trash": len(self.trashed_tasks),
            "notes": sum(map(len, self.notes.values())),
            "events": len(self.events),
            "chats": len(self.chats),
            "talks": len(self.talks),
            "custom_fields": sum(len(one) for one in self.fields.values()),
            "loss_reasons": len(self.loss_reasons),
            "webhooks": len(self.webhooks),
        }


def plain(row: msgspec.Struct) -> dict[str, Any]:
    """A row's own keys in their order, without `_embedded`."""
    keys = msgspec.structs.asdict(row)
    keys.pop("embedded", None)
    return keys
