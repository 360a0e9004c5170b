"""Kinds that rules ask for in their own files (`qc.rules.telling`): at a finding's moment, and before it."""

from collections.abc import Iterable, Iterator
from typing import Any

from notices.kinds.registry import (
    ACCEPT,
    DIRECTOR,
    DISPUTE,
    FINDING,
    HEAD,
    LATER,
    OPEN,
    PERSON,
    Fact,
    Rung,
    Terms,
    kind,
)
from notices.kinds.sources import FindingSeen
from qc.rules import RULES, Rule
from qc.rules.telling import Telling


def opened(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    yield Fact(f"finding:{seen.id}", seen.opens_at, person=seen.person, finding=seen.id, deal=seen.deal)


def soon(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    yield Fact(
        f"finding:{seen.id}",
        seen.opens_at - terms.ahead,
        until=seen.opens_at,
        person=seen.person,
        finding=seen.id,
        deal=seen.deal,
    )


def list_rungs(told: Telling) -> Iterator[Rung]:
    yield Rung(PERSON)
    for audience, after in ((HEAD, told.head), (DIRECTOR, told.director)):
        if after is not None:
            yield Rung(audience, after)


def register(rule: Rule, told: Telling) -> None:
    more: dict[str, Any]
    if told.ahead:
        more = {
            "tone": "warn",
            "buttons": (LATER, OPEN) if told.loud else (OPEN,),
        }  # what is silent cannot wait
    else:
        more = {"tone": "bad", "buttons": (ACCEPT, LATER, DISPUTE, OPEN), "repeats": True, "for_chats": True}
    kind(
        told.code,
        told.title,
        source=FINDING,
        icon=rule.icon,
        headline=told.headline,
        many=told.many,
        rungs=tuple(list_rungs(told)),
        rules=(rule.code,),
        ahead=told.ahead,
        loud=told.loud,
        fixed=told.fixed,
        why=told.why,
        **more,
    )(soon if told.ahead else opened)


for rule in RULES.values():
    for told in rule.tells:
        register(rule, told)
