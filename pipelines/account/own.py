"""Which zone and currency the portal goes by: the environment's, an administrator's choice, or the account's own."""

from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from core import account
from core.account import DEFAULT, Own
from pipelines.models import Account, JudgementRequest

ZONES = available_timezones()


def read_own() -> Own:
    """The account as it stands in the database, under what the environment says."""
    saved = Account.objects.values_list("time_zone", "chosen_zone", "currency").first()
    theirs, chosen, currency = saved or ("", "", DEFAULT.currency)
    known = theirs in ZONES
    dates = theirs if known else settings.TIME_ZONE
    if settings.TIME_ZONE_CHOSEN or DEFAULT.zone != settings.TIME_ZONE:
        return Own(settings.TIME_ZONE, "environment", currency, dates)
    if chosen in ZONES:
        return Own(chosen, "page", currency, dates)
    return Own(dates, "account" if known else "default", currency, dates)


def choose_zone(saved: Account, zone: str) -> bool:
    """Save an administrator's choice (empty: the account's own zone); whether days begin at other moments now."""
    before = read_own().zone
    with transaction.atomic():
        saved.chosen_zone = zone
        saved.save(update_fields=["chosen_zone"])
        return judge_again(before)


def judge_again(before: str) -> bool:
    """Let everything be judged again when the portal's zone is no more ``before``."""
    account.forget()
    moved = account.own().zone != before
    if moved:
        JudgementRequest.objects.demand_all()
    return moved
