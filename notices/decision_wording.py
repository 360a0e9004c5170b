"""Decisions and proposals as sentences, in the language that is on."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.utils.translation import get_language, gettext, ngettext

from core import formats
from metrics.proposals import CROWDED, GONE, HOPELESS, OWNERLESS, READY, UNPLANNED, Proposal
from notices.decisions import OF_LIST, facts_of
from notices.models import Decision
from pipelines.models import Person, Stage

ICONS = {
    GONE: "user-x",
    OWNERLESS: "user-round-search",
    READY: "package-check",
    CROWDED: "layers",
    UNPLANNED: "calendar-plus",
    HOPELESS: "archive-x",
    OF_LIST: "list-checks",
}


class Known(Protocol):
    """Whatever names people and stages in sentences."""

    def person(self, pk: int | None) -> str: ...

    def stage(self, pk: str | None) -> str: ...


class Names:
    """Names that sentences need, read in sets: two queries whatever their number."""

    def __init__(self, facts: Iterable[Mapping[str, Any]]) -> None:
        known = list(facts)
        people = {one.get("person") for one in known} | {
            person for one in known for person, _n in one.get("holders", ())
        }
        stages = {one.get("stage") for one in known}
        self.people: dict[int, str] = dict(
            Person.objects.filter(pk__in=[one for one in people if one is not None]).values_list("pk", "name")
        )
        self.stages: dict[str, str] = dict(
            Stage.objects.filter(pk__in=stages - {None}).values_list("pk", "name")
        )

    def person(self, pk: int | None) -> str:
        return gettext("nobody") if pk is None else self.people.get(pk, f"№ {pk}")

    def stage(self, pk: str | None) -> str:
        return self.stages.get(pk or "", pk or "—")


def names_of(decisions: Iterable[Decision]) -> Names:
    return Names([one.facts for one in decisions])


def title_of(decision: Decision, names: Names) -> str:
    return decision.title or say_title(decision.kind, decision.facts, decision.n, names)


def say_title(kind: str, facts: Mapping[str, Any], n: int, names: Known) -> str:
    """What to do, as an order: «Передать 229 сделок Кирилла Бережного»."""
    values = {
        "n": formats.number(n, _language()),
        "name": names.person(facts.get("person")),
        "stage": names.stage(facts.get("stage")),
    }
    texts = {
        GONE: ngettext(
            "Hand over %(n)s deal of %(name)s, who has left",
            "Hand over %(n)s deals of %(name)s, who has left",
            n,
        ),
        OWNERLESS: ngettext("Give an owner to %(n)s deal", "Give an owner to %(n)s deals", n),
        READY: ngettext(
            "Call %(n)s client who waits on “%(stage)s”",
            "Call %(n)s clients who wait on “%(stage)s”",
            n,
        ),
        CROWDED: ngettext(
            "Clear “%(stage)s”: %(n)s deal stands still",
            "Clear “%(stage)s”: %(n)s deals stand still",
            n,
        ),
        UNPLANNED: ngettext("Plan the next step of %(n)s deal", "Plan the next step of %(n)s deals", n),
        HOPELESS: ngettext(
            "Close or revive %(n)s deal without prospects",
            "Close or revive %(n)s deals without prospects",
            n,
        ),
    }
    return texts[kind] % values if kind in texts else kind


def name_pile(key: str, names: Known) -> str:
    """A pile by its key alone, whatever it holds now."""
    kind, _colon, what = key.partition(":")
    values = {"name": names.person(int(what) if what.isdecimal() else None), "stage": names.stage(what)}
    texts = {
        GONE: gettext("deals of %(name)s, who has left"),
        OWNERLESS: gettext("deals without an owner"),
        READY: gettext("clients who wait on “%(stage)s”"),
        CROWDED: gettext("deals that stand still on “%(stage)s”"),
        UNPLANNED: gettext("deals without a next step"),
        HOPELESS: gettext("deals without prospects"),
    }
    return texts[kind] % values if kind in texts else key


def facts_of_pile(key: str) -> dict[str, Any]:
    """Whom and what its name speaks of."""
    kind, _colon, what = key.partition(":")
    return {"person": int(what)} if kind == GONE and what.isdecimal() else {"stage": what or None}


def say_why(kind: str, facts: Mapping[str, Any], n: int, names: Known) -> str:
    """Why it is proposed, with the values put in."""
    language = _language()
    days_ = int(facts.get("median_days") or 0)
    values: dict[str, Any] = {
        "stuck": formats.number(int(facts.get("stuck") or 0), language),
        "of": formats.number(int(facts.get("of") or n), language),
        "days": days_,
    }
    days = ngettext("half of them stand for %(days)s day or more", "half of them stand for %(days)s days or more",
                    days_)  # fmt: skip
    texts = {
        GONE: gettext("nobody works with them; %(stuck)s stand longer than the norm"),
        OWNERLESS: gettext("nobody answers for them; %(stuck)s stand longer than the norm"),
        READY: gettext("longer than the norm and three days without a word to the client"),
        CROWDED: gettext("%(stuck)s of %(of)s deals of the stage stand longer than the norm"),
        UNPLANNED: gettext("nobody has planned to touch them"),
        HOPELESS: gettext("older than any deal won in a year, and longer on their stage than the norm"),
    }
    if kind not in texts:
        return ""
    parts = [texts[kind] % values, days % values]
    holders = [(person, count) for person, count in facts.get("holders", ()) if person is not None]
    if kind not in (GONE, OWNERLESS) and holders:
        parts.append(", ".join(f"{names.person(person)} {count}" for person, count in holders[:3]))
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def say_expected(facts: Mapping[str, Any], n: int, money: Any, expected: Any) -> str:
    """How the money came about: «14 % от 2,5 млн ₽; у 3 сделок нет суммы или шанса»."""
    language, sure = _language(), int(facts.get("sure") or 0)
    if not money or expected is None:
        return gettext("amounts or chances are not known")
    if facts.get("whole"):
        text = gettext("the whole amount: what is ordered is ready and waits")
    else:
        places = 1 if 0 < expected * 100 < money else 0  # 7 of 1,500 is not «0 %»
        text = gettext("%(share)s of %(money)s") % {
            "share": formats.percent(expected / money, language, places),
            "money": formats.money_short(money, language),
        }
    if sure and sure < n:
        more = ngettext("without %(n)s deal that has no amount or no chance",
                        "without %(n)s deals that have no amount or no chance", n - sure)  # fmt: skip
        text += "; " + more % {"n": formats.number(n - sure, language)}
    return text


def describe(proposal: Proposal, names: Names) -> tuple[str, str, str]:
    """Title, reason and how the money came about, of a proposal that is no decision yet."""
    facts = facts_of(proposal)
    return (
        say_title(proposal.kind, facts, proposal.n, names),
        say_why(proposal.kind, facts, proposal.n, names),
        say_expected(facts, proposal.n, proposal.money, proposal.expected if proposal.sure else None),
    )


def _language() -> str:
    return (get_language() or "ru").partition("-")[0]
