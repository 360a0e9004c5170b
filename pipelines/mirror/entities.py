"""What is mirrored: a table of entities, parents before children. `mirror.sync` knows how, and none by name."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Any

from django.db.models import Min, Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pipelines import models
from pipelines.amo.client import Client
from pipelines.amo.errors import Forbidden, NotFound
from pipelines.amo.paging import Listing
from pipelines.mirror import log_rows, rows
from pipelines.mirror.rows import Item, Row

Params = tuple[tuple[str, str | int], ...]
RowOf = Callable[[Item, tzinfo], Row | None]


class Reading(Enum):
    WHOLE = "whole"  # a dictionary: read whole each time, what is gone from it is marked
    LIST = "list"  # ordered by id when read in full, then by what changed since
    WINDOWS = "windows"  # a log without an order: read in closed windows of time


@dataclass(frozen=True)
class Entity:
    """One list of amoCRM and the table it is kept in.

    ``key_of`` names an item (or what `spread` makes of it) that makes no sense otherwise; ``spread`` unfolds an
    item into several (a pipeline into its stages); ``newer`` is the column by which a late row loses; ``folded``
    are columns that others write; ``inferred`` is a column that the story tells where amoCRM does not, the one that
    says so, and the one whose change ends it; ``people`` name persons; ``deal`` is SQL for the deal that a ``{row}``
    touches, ``deals`` a query of those that it touches where they may be several; ``after`` are entities to be loaded
    before. ``subject`` is the word by which events are asked for this entity; ``hidden`` finds ids that the plain list
    leaves out, in some pipelines or (None) in all; ``trash`` asks for deleted items; ``of_deals`` asks for what belongs
    to at most ten deals; ``doubts`` names, by entity, items whose fate new rows put in question, and ``outdated`` the
    deals that have changed since they were read; ``oldest`` is where history begins; ``may_be_empty`` says of a
    dictionary that an account can do without it.
    """

    name: str
    label: Promise
    model: type[Model]
    path: str
    key: str
    row: RowOf
    reading: Reading
    params: Params = ()
    limit: int = 250
    spread: Callable[[Item], Iterable[Item]] = lambda item: (item,)
    key_of: Callable[[Item], object] = lambda item: item.get("id")
    newer: str | None = None
    folded: frozenset[str] = frozenset()
    people: tuple[str, ...] = ()
    deal: str = "NULL::bigint"
    deals: str | None = None
    after: tuple[str, ...] = ()
    subject: str | None = None
    hidden: Callable[[Client, Collection[int] | None], set[int]] | None = None
    may_be_empty: bool = False
    inferred: tuple[str, str, str] | None = None
    trash: Params = ()
    of_deals: Callable[[Collection[int]], Params] | None = None
    doubts: Callable[[Collection[Row]], dict[str, set[int]]] = lambda rows: {}
    outdated: Callable[[Collection[Row]], set[int]] = lambda rows: set()
    oldest: Callable[[], datetime | None] = lambda: None

    @property
    def is_dictionary(self) -> bool:
        return self.reading is Reading.WHOLE

    @property
    def trashable(self) -> bool:
        """Whether its rows can be marked deleted."""
        return any(field.attname == "deleted_at" for field in self.model._meta.concrete_fields)

    def rows(self, items: Iterable[Item], zone: tzinfo) -> list[Row]:
        """The rows that these items stand for; one row a key, the last one of a page that says it twice."""
        made = (self.row(part, zone) for item in items for part in self.spread(item))
        return list({row["id"]: row for row in made if row}.values())


def incoming_deals(client: Client, pipelines: Collection[int] | None) -> set[int]:
    """Deals that wait in «incoming leads»: amoCRM's plain list may leave them out."""
    waiting = Listing(
        client,
        "/api/v4/leads/unsorted",
        "unsorted",
        [("order[created_at]", "asc")],
        keep=lambda item: pipelines is None or (item.get("pipeline_id") or 0) in (*pipelines, 0),
        identity="uid",
    )
    try:
        found = (deal.get("id") for item in waiting.items() for deal in rows.embedded(item, "leads"))
        return {key for key in found if isinstance(key, int)}
    except (NotFound, Forbidden):  # an account without that function
        return set()


def first_deal() -> datetime | None:
    first: datetime | None = models.Deal.objects.aggregate(first=Min("created_at"))["first"]
    return first


SUBJECTS = {"deal": "deals", "task": "tasks", "contact": "contacts"}


def doubtful(rows: Collection[Row]) -> dict[str, set[int]]:
    """What was deleted, restored or merged must be looked at again; so must a new deal that no list has shown: an
    import may say that it changed long ago."""
    doubts: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row["kind"] in ("deleted", "restored", "merged"):
            doubts[SUBJECTS[row["entity"]]].add(row["entity_id"])
    created = {row["entity_id"] for row in rows if row["kind"] == "created"}
    doubts["deals"] |= created.difference(
        models.Deal.objects.filter(pk__in=created).values_list("pk", flat=True)
    )
    return doubts


def outdated(rows: Collection[Row]) -> set[int]:
    """Deals whose rows here are older than what is told of them: those that wait for their acceptance change without
    entering a list of changes."""
    told: dict[int, datetime] = {}
    for row in rows:
        if row["entity"] == "deal" and row["kind"] in ("stage", "owner", "price", "field"):
            told[row["entity_id"]] = max(row["at"], told.get(row["entity_id"], row["at"]))
    here = models.Deal.objects.filter(pk__in=told, deleted_at=None).values_list("pk", "updated_at")
    return {deal for deal, at in here if at < told[deal]}


def ids(name: str, keys: Iterable[int]) -> Params:
    return tuple((f"{name}[]", key) for key in keys)


def log_of_deals(deals: Iterable[int]) -> Params:
    return (("filter[entity][]", "lead"), *ids("filter[entity_id]", deals))


# A call on a client's card is one of all deals of his that were open then; a note says nothing to him.
DEALS_OF_TOUCH = """SELECT {row}.deal_id WHERE {row}.deal_id IS NOT NULL UNION ALL
    SELECT deal.id FROM pipelines_deal deal
    WHERE deal.contact_id = {row}.contact_id AND {row}.kind <> 'note' AND deal.created_at <= {row}.at
      AND coalesce(least(deal.closed_at, deal.deleted_at) > {row}.at, true)"""
DEAL_OF_EVENT = """CASE {row}.entity WHEN 'deal' THEN {row}.entity_id
    WHEN 'task' THEN (SELECT task.deal_id FROM pipelines_task task WHERE task.id = {row}.entity_id) END"""


def dictionary(
    name: str,
    label: Promise,
    model: type[Model],
    path: str,
    key: str,
    row: RowOf,
    params: Params = (),
    **more: Any,
) -> Entity:
    return Entity(name, label, model, path, key, row, Reading.WHOLE, params, **more)


def log(
    name: str,
    label: Promise,
    model: type[Model],
    kinds: Iterable[str],
    row: RowOf,
    after: tuple[str, ...] = ("deals",),
    **more: Any,
) -> Entity:
    """A part of amoCRM's event log. Accounts differ in how long a page of it they give: 250, 100 or 50."""
    params = (("filter[type]", ",".join(kinds)),)
    return Entity(name, label, model, "/api/v4/events", "events", row, Reading.WINDOWS, params, after=after,
                  oldest=first_deal, **more)  # fmt: skip


def notes(name: str, label: Promise, holder: str, row: RowOf, **more: Any) -> Entity:
    params = tuple(("filter[note_type][]", kind) for kind in log_rows.NOTE_TYPES)
    return Entity(name, label, models.Touch, f"/api/v4/{holder}/notes", "notes", row, Reading.LIST, params,
                  after=("deals",), newer="updated_at", people=("manager_id",), deal="{row}.deal_id",
                  **more)  # fmt: skip


TABLE = (
    dictionary("users", _("Users"), models.Person, "/api/v4/users", "users", rows.person_row, (("with", "group"),)),
    dictionary("pipelines", _("Pipelines"), models.Pipeline, "/api/v4/leads/pipelines", "pipelines", rows.pipeline_row),
    dictionary("stages", _("Stages"), models.Stage, "/api/v4/leads/pipelines", "pipelines", rows.stage_row,
               spread=lambda item: rows.embedded(item, "statuses"),
               key_of=lambda item: rows.stage_key(item.get("pipeline_id"), item.get("id"))),
    dictionary("fields", _("Deal fields"), models.CustomField, "/api/v4/leads/custom_fields", "custom_fields",
               rows.field_row, may_be_empty=True),
    dictionary("loss_reasons", _("Loss reasons"), models.LossReason, "/api/v4/leads/loss_reasons", "loss_reasons",
               rows.loss_reason_row, may_be_empty=True),
    dictionary("task_types", _("Task kinds"), models.TaskType, "/api/v4/account", "task_types", rows.task_type_row,
               (("with", "task_types"),)),
    Entity("contacts", _("Contacts"), models.Contact, "/api/v4/contacts", "contacts", rows.contact_row, Reading.LIST,
           newer="updated_at"),
    Entity("deals", _("Deals"), models.Deal, "/api/v4/leads", "leads", rows.deal_row, Reading.LIST,
           (("with", "contacts"),), newer="updated_at", people=("manager_id",), deal="{row}.id", subject="lead",
           folded=frozenset({"closed_inferred", "stage_since", "next_due_at", "stuck_at", "stuck_until"}),
           inferred=("closed_at", "closed_inferred", "stage_id"),
           hidden=incoming_deals, trash=(("with", "only_deleted"),)),
    Entity("tasks", _("Tasks"), models.Task, "/api/v4/tasks", "tasks", rows.task_row, Reading.LIST, newer="updated_at",
           after=("deals",), folded=frozenset({"completed_at", "completed_inferred"}), people=("manager_id",),
           deal="{row}.deal_id", subject="task",
           of_deals=lambda deals: (("filter[entity_type]", "leads"), *ids("filter[entity_id]", deals))),
    notes("notes", _("Notes and calls of deals"), "leads", log_rows.deal_touch_row,
          of_deals=lambda deals: ids("filter[entity_id]", deals)),
    notes("contact_notes", _("Notes and calls of contacts"), "contacts", log_rows.contact_touch_row,
          deals=DEALS_OF_TOUCH),
    notes("company_notes", _("Notes and calls of companies"), "companies", log_rows.company_touch_row),
    log("messages", _("Chat messages"), models.Touch, log_rows.MESSAGES, log_rows.message_row, newer="updated_at",
        people=("manager_id",), deal="{row}.deal_id", deals=DEALS_OF_TOUCH, of_deals=log_of_deals),
    log("events", _("Events"), models.Event, log_rows.KINDS, log_rows.event_row, people=("author_id",),
        deal=DEAL_OF_EVENT, of_deals=log_of_deals,
        doubts=doubtful, outdated=outdated, after=("deals", "tasks", "notes")),
)  # fmt: skip
ENTITIES = {entity.name: entity for entity in TABLE}
