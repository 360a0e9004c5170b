"""What a notice says, as sentences in the language that is on: title, deal and reason."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.utils.translation import get_language, gettext, ngettext

from core import formats
from core.zone import portal_zone
from metrics.week_measures import MEASURES
from notices.kinds import KINDS
from notices.kinds.registry import FINDING, Said
from notices.models import Channel, Notice
from notices.telegram.markup import cut
from qc.models import Finding
from qc.rules import RULES
from qc.wording import because

log = logging.getLogger(__name__)

SIGNS = {"bad": "🔴", "warn": "🟡", "info": "🔵", "good": "🟢"}
NAME = 80  # signs of a deal's name
BREATH = timedelta(seconds=1)
TONGUE = "ru"


@dataclass(frozen=True)
class Line:
    """A notice for the eye: what happened, to what, and why; empty where there is nothing to say."""

    title: str
    about: str
    why: str


def say(notice: Notice, now: datetime) -> Line:
    """In the language that is on."""
    one = KINDS[notice.kind]
    title = gettext(one.headline)
    finding: Finding | None = notice.finding
    if finding is not None and finding.rule in RULES:
        if one.source == FINDING and not one.rules:
            title = gettext(RULES[finding.rule].title)
        # At its very moment a finding has not opened yet, but the message is about what comes a breath later.
        why = because(finding, now if one.ahead else max(now, finding.opens_at + BREATH))
        return Line(title, about_deal(notice), put_in(one.says(notice.values)) if one.says else why)
    return Line(title, about_deal(notice), put_in(one.says(notice.values)) if one.says else "")


def say_on_page(notice: Notice, now: datetime) -> Line:
    """The same for a list of many: one that cannot be worded is named, and the others are read all the same."""
    try:
        return say(notice, now)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:  # values of an older version, or a bug of ours: it must not take the page
        log.exception("notice %s could not be put into words", notice.pk)
        return Line(
            gettext(KINDS[notice.kind].headline), about_deal(notice), gettext("It cannot be put into words.")
        )


def lower_first(text: str) -> str:
    """A title that goes on inside a sentence."""
    return text[:1].lower() + text[1:]


def rate_of(measure: str, rate: float, language: str) -> str:
    """Per hundred of what the measure counts; a share in per cent."""
    if MEASURES[measure].is_share:
        return formats.percent(rate / 100, language, 1)
    return formats.number(rate, language, 1)


def sign_of(notice: Notice) -> str:
    """That of its kind, or where a kind tells good news as well as bad, of what it says."""
    good = notice.values.get("good")
    return SIGNS[KINDS[notice.kind].tone if good is None else "good" if good else "bad"]


def about_deal(notice: Notice) -> str:
    deal = notice.deal
    if deal is None:
        return ""
    price = formats.money(deal.price, find_language()) if deal.price else ""
    return " · ".join(filter(None, (cut(str(deal), NAME), price)))


def put_in(said: Said) -> str:
    """The sentence with its values."""
    language = find_language()
    writers: Mapping[str, Callable[[Any], str]] = {
        "text": lambda value: cut(str(value), 300),
        "number": lambda value: formats.number(int(value), language),
        "money": lambda value: formats.money(Decimal(value), language),
        "month": lambda value: formats.month(date.fromisoformat(value), language),
        "day": lambda value: formats.day(date.fromisoformat(value), language),
        "stamp": lambda value: moment_of(datetime.fromisoformat(value)),
        "rule": lambda value: gettext(RULES[value].title) if value in RULES else str(value),
        "channel": lambda value: str(Channel(value).label),
        "rate": lambda value: rate_of(value[0], value[1], language),
        "measure": lambda value: lower_first(str(MEASURES[value].title)),
    }
    text = ngettext(said.text, said.plural, said.number) if said.plural else gettext(said.text)
    return (text % {name: writers[how](value) for name, (how, value) in said.values.items()}).strip()


def moment_of(value: datetime) -> str:
    local = value.astimezone(portal_zone())
    return f"{formats.day(local.date(), find_language())} {formats.clock(local, find_language())}"


def find_language() -> str:
    return (get_language() or TONGUE).partition("-")[0]
