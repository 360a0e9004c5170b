"""Which zone the portal goes by (the environment's, an administrator's, the account's own), and kinds of pipelines."""

import re
from collections.abc import Mapping
from zoneinfo import available_timezones

from django.conf import settings
from django.db import connection, transaction

from core import account
from core.account import DEFAULT, Own, Why
from pipelines.models import Account, Deal, JudgementRequest, PipelineKind

ZONES = available_timezones()
READ = """
    select a.time_zone, a.chosen_zone, a.currency, a.loss_field, a.base_url, a.credentials is not null,
           coalesce((select json_object_agg(pipeline, kind) from pipelines_pipelinekind where kind <> 'sales'), '{}')
    from (select 1) one left join (select * from pipelines_account order by id limit 1) a on true
"""


def read_own() -> Own:
    """The account as it stands in the database, under what the environment says."""
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        connection.connection.cursor() as cursor,
    ):  # a part of no page's own queries
        theirs, chosen, currency, loss_field, address, has_key, kinds = cursor.execute(READ).fetchone()
    zone, why = portal_zone_of(theirs or "", chosen or "")
    dates = theirs if theirs in ZONES else settings.TIME_ZONE
    return Own(
        zone,
        why,
        currency or DEFAULT.currency,
        dates,
        {int(key): kind for key, kind in kinds.items()},
        str(loss_field or ""),
        address or "",
        bool(has_key),
    )


def portal_zone_of(theirs: str, chosen: str) -> tuple[str, Why]:
    if settings.TIME_ZONE_CHOSEN or DEFAULT.zone != settings.TIME_ZONE:
        return settings.TIME_ZONE, "environment"
    if chosen in ZONES:
        return chosen, "page"
    return (theirs, "account") if theirs in ZONES else (settings.TIME_ZONE, "default")


def choose_zone(saved: Account, zone: str) -> bool:
    """Save an administrator's choice (empty: the account's own zone); whether days begin at other moments now."""
    before = read_own().zone
    with transaction.atomic():
        saved.chosen_zone = zone
        saved.save(update_fields=["chosen_zone"])
        return judge_again(before)


def judge_again(before: str) -> bool:
    """Let everything be judged again when the portal's zone is no more ``before``; whether it is another."""
    account.forget()
    moved = account.own().zone != before
    if moved and Deal.objects.exists():
        JudgementRequest.objects.demand_all()
    return moved


def choose_loss_field(saved: Account, field: int | None) -> bool:
    """Save where a loss is explained beside amoCRM's own list (None: there alone); whether it is elsewhere now.

    Then whatever demands a reason is judged again.
    """
    if saved.loss_field == field:
        return False
    with transaction.atomic():
        saved.loss_field = field
        saved.save(update_fields=["loss_field"])
        if Deal.objects.exists():
            JudgementRequest.objects.demand_all()
    return True


def set_kinds(kinds: Mapping[int, str]) -> bool:
    """Save the kinds of pipelines by their ids; whether any is another now. Then everything is looked at again."""
    known = {one.pipeline: one.kind for one in PipelineKind.objects.all()}
    changed = {key: kind for key, kind in kinds.items() if known.get(key, PipelineKind.Kind.SALES) != kind}
    with transaction.atomic():
        PipelineKind.objects.bulk_create(
            [PipelineKind(pipeline=key, kind=kind) for key, kind in kinds.items()],
            update_conflicts=True, unique_fields=["pipeline"], update_fields=["kind"],
        )  # fmt: skip
        account.forget()
        if changed and Deal.objects.exists():
            JudgementRequest.objects.demand_all()
    return bool(changed)


# The beginnings of words by which a pipeline that does not sell is known; an administrator says what it is.
NAMES: dict[str, tuple[str, ...]] = {
    PipelineKind.Kind.ROBOT: ("курьер", "бот", "робот", "bot", "robot", "courier"),
    PipelineKind.Kind.SERVICE: (
        "гарант", "сервис", "рекламац", "поддержк", "возврат", "ремонт", "обслуж", "претензи", "service", "support",
        "warrant", "return", "onboard", "внедрен", "постпродаж",
    ),
    PipelineKind.Kind.SUPPLY: (
        "достав", "логист", "закуп", "склад", "снабж", "производ", "отгруз", "монтаж", "исполнен", "поставк", "deliver",
        "logist", "supply", "purchas", "production", "fulfil", "warehouse", "install",
    ),
}  # fmt: skip


def guess_kind(name: str) -> str:
    """What a pipeline is by its name; nothing in it of another kind: sales."""
    words = re.findall(r"\w+", name.casefold())
    if any(word.startswith(("продаж", "sale")) for word in words):
        return PipelineKind.Kind.SALES
    for kind, beginnings in NAMES.items():
        if any(word.startswith(beginnings) for word in words):
            return kind
    return PipelineKind.Kind.SALES
