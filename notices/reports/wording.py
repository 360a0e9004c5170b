"""A report as sentences, in the language that is on: for its page, the chat and the mail alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import get_language, gettext, ngettext

from core import formats
from core.periods import parse_month
from core.zone import portal_zone
from notices import links
from notices.decision_wording import say_expected, say_title, say_why
from notices.models import Decision, Report
from notices.reports.document import Document, Part, Past, Praise, Proposed
from notices.telegram.markup import Button, cut, escape
from qc.rules import RULES

DECIDE, UNDO = "decide", "undecide"


class FrozenNames:
    """Names as the report froze them; stands in for `decision_wording.Names`."""

    def __init__(self, document: Document) -> None:
        self._people, self._stages = document.people, document.stage_names

    def person(self, pk: int | None) -> str:
        return gettext("nobody") if pk is None else self._people.get(str(pk), f"№ {pk}")

    def stage(self, pk: str | None) -> str:
        return self._stages.get(pk or "", pk or "—")


def language() -> str:
    return (get_language() or "ru").partition("-")[0]


def say_period(document: Document) -> str:
    """«16–22 нояб. 2026 г.», «ноябрь 2026»."""
    if document.kind == "month":
        return formats.month(local(document.start).date(), language())
    first, last = local(document.start).date(), (local(document.end) - timedelta(days=1)).date()
    return f"{formats.day(first, language())} – {formats.day(last, language(), year=True)}"


def local(moment: datetime) -> datetime:
    return moment.astimezone(portal_zone())


def say_change(document: Document) -> str:
    """The one number: by how much frozen money has changed."""
    return formats.signed(formats.money_short(document.change, language()))


def tone_of(document: Document) -> str:
    return "good" if document.change < 0 else "bad" if document.change > 0 else "neutral"


def say_subject(document: Document) -> str:
    week = document.kind == "week"
    number = say_change(document)
    if document.change == 0:
        return gettext("Frozen money stands at %(sum)s") % {
            "sum": formats.money_short(document.standing.money, language())
        }
    text = (
        gettext("%(number)s of frozen money in a week")
        if week
        else gettext("%(number)s of frozen money in a month")
    )
    return text % {"number": number}


def say_headline(document: Document) -> str:
    values = {
        "sum": formats.money_short(document.standing.money, language()),
        "n": formats.number(document.standing.deals, language()),
    }
    if document.change < 0:
        return gettext("Less money stands still: %(sum)s in %(n)s deals") % values
    if document.change > 0:
        return gettext("More money stands still: %(sum)s in %(n)s deals") % values
    return gettext("As much money stands still: %(sum)s in %(n)s deals") % values


def say_summary(document: Document) -> list[str]:
    """Plan and pace, what got worse, findings: sentences for below the one number."""
    lines = []
    plan, tongue = document.plan, language()
    if plan is not None and plan.quota:
        month = parse_month(plan.month, portal_zone()).first
        lines.append(
            gettext("Plan, %(month)s: %(share)s with %(passed)s of shifts over.")
            % {
                "month": formats.month(month, tongue),
                "share": formats.percent(plan.planned / plan.quota, tongue),
                "passed": formats.percent(plan.passed, tongue),
            }
        )
    if document.worse is not None:
        lines.append(
            gettext("Worse: “%(rule)s” %(n)s, %(change)s.")
            % {
                "rule": rule_title(document.worse.rule),
                "n": formats.number(document.worse.now, tongue),
                "change": formats.signed(formats.number(document.worse.now - document.worse.before, tongue)),
            }
        )
    text = gettext("New findings %(new)s (%(before)s before), fixed %(fixed)s.") % {
        "new": formats.number(document.opened, tongue),
        "before": formats.number(document.opened_before, tongue),
        "fixed": formats.number(document.fixed, tongue),
    }
    if document.by_version:
        text += " " + ngettext(
            "A new version of a regulation opened %(n)s of them.",
            "A new version of a regulation opened %(n)s of them.",
            document.by_version,
        ) % {"n": formats.number(document.by_version, tongue)}
    return [*lines, text]


def rule_title(code: str) -> str:
    return gettext(RULES[code].title) if code in RULES else code


def title_of(one: Proposed | Past, document: Document) -> str:
    title = getattr(one, "title", "")
    return title or say_title(one.kind, one.facts, one.n, FrozenNames(document))


def why_of(one: Proposed, document: Document) -> str:
    return say_why(one.kind, one.facts, one.n, FrozenNames(document))


def how_of(one: Proposed) -> str:
    return say_expected(one.facts, one.n, one.money, one.expected)


def say_result(one: Past) -> str:
    """«52 → 14 сделок, получено 412 тыс. ₽»."""
    tongue = language()
    text = ngettext("%(n)s → %(now)s deal stands", "%(n)s → %(now)s deals stand", one.standing) % {
        "n": formats.number(one.n, tongue),
        "now": formats.number(one.standing, tongue),
    }
    if one.won:
        text += ", " + gettext("won %(sum)s") % {"sum": formats.money_short(one.won_sum, tongue)}
    return text


def say_compared(one: Past) -> str:
    if one.left_share is None or one.like_share is None:
        return ""
    return gettext("%(share)s left the stage, %(like)s of like deals") % {
        "share": formats.percent(one.left_share, language()),
        "like": formats.percent(one.like_share, language()),
    }


def say_state(one: Past) -> tuple[str, str]:
    """(tone, words)."""
    if one.late:
        return "bad", ngettext("%(n)s day late", "%(n)s days late", one.late) % {"n": one.late}
    if one.state == "done":
        return "good", gettext("done")
    return "info", gettext("under way")


def say_praise(one: Praise) -> str:
    tongue = language()
    before, after = formats.number(one.before, tongue, 1), formats.number(one.after, tongue, 1)
    if one.kind == "calmer":
        return gettext("%(before)s findings per 100 deal-days the period before, %(after)s in this one") % {
            "before": before,
            "after": after,
        }
    if one.kind == "fixed":
        n = int(one.after or 0)
        return ngettext("fixed %(n)s finding, %(new)s new", "fixed %(n)s findings, %(new)s new", n) % {
            "n": formats.number(n, tongue),
            "new": formats.number(one.before, tongue),
        }
    return gettext("no finding at all, %(before)s the period before") % {
        "before": formats.number(one.before, tongue)
    }


def rate_tone(one: Part) -> str:
    """Better or worse by a tenth at least, else neutral."""
    if one.rate is None or not one.rate_before:
        return "neutral"
    ratio = one.rate / one.rate_before
    return "good" if ratio < Decimal("0.9") else "bad" if ratio > Decimal("1.1") else "neutral"


def compose_chat(
    report: Report, document: Document, decisions: Sequence[Decision], delivery: int
) -> tuple[str, str, tuple[tuple[Button, ...], ...]]:
    """(subject, HTML, buttons): ends before the first scroll of a phone. Decisions are those of the report, now."""
    tongue, sign = language(), {"good": "🟢", "bad": "🔴", "neutral": "🔵"}[tone_of(document)]
    subject = say_subject(document)
    scope = f"{document.head} · " if document.head else ""
    lines = [f"{sign} <b>{escape(subject)}</b>", f"<i>{escape(scope + say_period(document))}</i>"]
    lines.append(escape(" ".join([say_headline(document) + ".", *say_summary(document)[:2]])))
    buttons: list[tuple[Button, ...]] = []
    if document.decisions:
        total = formats.money_short(document.expected, tongue)
        heading = ngettext("%(n)s decision, at stake %(sum)s", "%(n)s decisions, at stake %(sum)s",
                           len(document.decisions))  # fmt: skip
        lines.append(f"\n<b>{escape(heading % {'n': len(document.decisions), 'sum': total})}</b>")
    by_key = {one.key: one for one in decisions}
    for place, one in enumerate(document.decisions, 1):
        row = by_key.get(one.key)
        money = formats.money_short(one.expected, tongue) if one.expected is not None else "—"
        title = escape(cut(title_of(one, document), 90))
        if row is not None:
            title = f'<a href="{escape(links.of_decision(row.pk))}">{title}</a>'
        owner = str(row.owner) if row is not None and row.owner else one.owner
        due = (row.due_on if row is not None else None) or one.due_on
        who = gettext("%(name)s, until %(day)s") % {"name": cut(owner, 40), "day": formats.day(due, tongue)}
        taken = row is not None and row.state != Decision.State.PROPOSED
        mark = "✅" if taken else f"{place}."
        lines.append(f"{mark} {title}\n{escape(who)} · <b>{escape(money)}</b>")
        if row is not None and not taken:
            take = gettext("Take No. %(place)s") % {"place": place}
            buttons.append((Button(take, data=f"{DECIDE}:{delivery}:{place}"),))
    presses = tuple(button for row_ in buttons for button in row_)
    rows = [presses] if presses else []
    rows.append((Button(gettext("The whole report, one page"), url=links.of_report(report.number)),))
    return subject, "\n".join(lines), tuple(rows)


def caption(document: Document) -> str:
    """What stands below the picture: earlier decisions and praise."""
    lines = []
    if document.past:
        lines.append(f"<b>{escape(gettext('Earlier decisions'))}</b>")
        for one in document.past[:4]:
            _tone, state = say_state(one)
            sign = "❗️" if one.late else "✅" if one.state == "done" else "…"
            lines.append(
                f"{sign} {escape(cut(title_of(one, document), 60))}: {escape(say_result(one))}, {escape(state)}"
            )
    if document.praise:
        lines.append(f"<b>{escape(gettext('Praise'))}</b>")
        lines += [f"👏 {escape(cut(one.name, 40))}: {escape(say_praise(one))}" for one in document.praise]
    return "\n".join(lines)
