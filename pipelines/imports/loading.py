"""What an export says → the mirror, through the one door. Decision 0010 tells what stands behind each rule here."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal

import msgspec
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.zone import account_zone
from pipelines.imports import names
from pipelines.imports.dictionaries import dictionaries
from pipelines.imports.names import FROM_FILE
from pipelines.imports.parsing import Contact, Deal, Parsed
from pipelines.imports.standing import completed_contacts, completed_deals
from pipelines.imports.tables import BadFile
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.rows import Row, stage_key
from pipelines.mirror.upsert import store_rows
from pipelines.models import Cursor

PAGE = 1000  # rows in one statement


class Loaded(msgspec.Struct):
    """Rows by what became of them, and the names that were not known before."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    people: list[str] = []
    pipelines: list[str] = []
    stages: list[str] = []


def load_export(parsed: Parsed) -> Loaded:
    """Write it, all or nothing; judgement of the deals is demanded. Raises BadFile when `find_refusal` has a reason."""
    if reason := find_refusal(parsed):
        raise BadFile(reason)
    with transaction.atomic():
        return write_rows(parsed)


def try_export(parsed: Parsed) -> Loaded:
    """What `load_export` would do: it is done and taken back."""
    with transaction.atomic():
        loaded = write_rows(parsed)
        transaction.set_rollback(True)
    return loaded


def import_zone() -> tzinfo:
    """That of the account; before there is one, that of the portal."""
    return account_zone()


def find_refusal(parsed: Parsed) -> str:
    """Why this may not be imported, in one sentence; empty when it may."""
    if Cursor.objects.filter(Q(rows__gt=0) | ~Q(as_of=None)).exists():
        return _("The portal reads amoCRM itself, which knows more than a file: there is nothing to import.")
    standing = newest_standing([deal.id for deal in parsed.deals])
    if standing and parsed.newest and parsed.newest < standing:
        return _(
            "This export is older than one that was imported before: a deal was closed after its last date."
        )
    return ""


def newest_standing(deals: list[int]) -> datetime | None:
    """The latest date among these deals as they were imported before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(greatest(created_at, closed_at)) FROM pipelines_deal WHERE updated_at = %s AND id = ANY(%s)",
            [FROM_FILE, deals],
        )
        newest: datetime | None = cursor.fetchone()[0]
    return newest


def write_rows(parsed: Parsed) -> Loaded:
    loaded = Loaded()
    deals = completed_deals(parsed)
    found = dictionaries(deals)
    loaded.people = add_new("users", found.people)
    loaded.pipelines = add_new("pipelines", found.pipelines)
    loaded.stages = add_new("stages", found.stages)
    rows = deal_rows(deals) if deals else contact_rows(completed_contacts(parsed))
    entity = ENTITIES[parsed.kind]
    for page in pages(rows):
        stored = store_rows(entity, page)
        loaded.new += len(stored.new)
        loaded.changed += len(stored.changed)
        loaded.unchanged += len(page) - len(stored.new) - len(stored.changed)
    return loaded


def add_new(entity: str, rows: Collection[Row]) -> list[str]:
    """Store what does not stand yet: a stage keeps its place, a person the spelling of his name. Returns names."""
    model = ENTITIES[entity].model
    standing = set(
        model._default_manager.filter(pk__in=[row["id"] for row in rows]).values_list("pk", flat=True)
    )
    new = [row for row in rows if row["id"] not in standing]
    for page in pages(new):
        store_rows(ENTITIES[entity], page)
    return [row["name"] for row in new]


def pages(rows: Iterable[Row]) -> Iterator[list[Row]]:
    page: list[Row] = []
    for row in rows:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def deal_rows(deals: Iterable[Deal]) -> Iterator[Row]:
    for deal in deals:
        pipeline = names.pipeline_key(deal.pipeline)
        yield {
            "id": deal.id,
            "name": deal.name,
            "price": deal.price or Decimal(0),
            "pipeline_id": pipeline,
            "stage_id": stage_key(pipeline, names.status_key(deal.pipeline, deal.stage)),
            "manager_id": names.person_key(deal.manager),
            "contact_id": None,
            "loss_reason_id": None,
            "created_by": 0,
            "created_at": deal.created_at,
            "updated_at": FROM_FILE,
            "closed_at": deal.closed_at,
            "next_task_at": None,
            "tags": deal.tags,
            "fields": {},
            "deleted_at": None,
        }


def contact_rows(contacts: Iterable[Contact]) -> Iterator[Row]:
    for contact in contacts:
        yield {"id": contact.id, "name": contact.name, "updated_at": FROM_FILE, "deleted_at": None}
