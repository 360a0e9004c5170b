"""«Мой месяц»: a manager's money, where it comes from and what takes it away; for a head, everybody's in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core import moment
from core.periods import Period
from kpi.differences import Differences, find_differences
from kpi.disputes import list_disputes
from kpi.forecast import find_next_step, forecast_total
from kpi.holding import find_held
from kpi.ladder import build_ladder, find_quality
from kpi.models import AppealSettlement, LineObjection, Quota, Statement, StatementLine
from kpi.month_facts import Behind, Facts
from kpi.objections import find_disputed, list_waiting, read_objections
from kpi.pace import compare_days, find_scale
from kpi.pay_schemes import PayScheme, assign_schemes, find_schemes, read_scheme
from kpi.presentation import ShownLine, show_statement
from kpi.promises import Promise, list_promises
from kpi.sentences import percent
from kpi.statements import check_closable, closes_months, find_open_months
from kpi.trend import compare_months, list_months, sum_up_month
from kpi.unclaimed import find_unclaimed, pile_by_user
from pipelines.models import Person
from qc import queries as judgement
from qc.rules import behind
from team.models import Employee
from web.frame.scope import refusing
from web.pay import closing
from web.pay.day_chart import draw_days
from web.pay.links import Link, filter_held, find_links
from web.pay.objecting import AnswerForm, ObjectionForm
from web.pay.selection import Choice, ChoiceForm, read_choice
from web.pay.stake import list_parts


@require_safe
@refusing(_("My month"), "my-month", _("Show the present month"))
def my_month(request: HttpRequest) -> HttpResponse:
    """A month of one person, or of all people whose money the reader may see."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not user.sees_money:
        raise Http404
    choice = read_choice(request)
    form = ChoiceForm(choice, user, auto_id="choice_%s")
    if choice.person is None:
        return render(
            request, "pay/everybody.html", _everybody(user, choice) | {"choice": choice, "form": form}
        )
    settle = request.GET.get("settle", "")
    context = _month(user, choice, choice.person, settle) | {"choice": choice, "form": form}
    return render(request, "pay/my_month.html", context)


def _everybody(user: Employee, choice: Choice) -> dict[str, Any]:
    """Statements of the month, the largest first; people without one at the end."""
    visible = Statement.objects.visible_to(user).filter(period=choice.period.first)
    rows = visible.select_related("manager", "scheme")
    paid = sorted(rows, key=lambda row: -row.total)
    known = {row.manager_id for row in paid}
    is_over, closer = moment.now() >= choice.period.end, closes_months(user)
    closes = closer and is_over and any(row.status == Statement.Status.LIVE for row in paid)
    context = {
        "closes": closes,
        "closer": closer,
        "refusal": _refusal(choice.period) if closes else "",
        "rows": [(row, sum_up_month(row)) for row in paid],
        "without": [person for person in choice.people if person.pk not in known and choice.is_present],
        "total": sum((row.total for row in paid), Decimal(0)),
    }
    if closer:
        context["objections"] = list(list_waiting(user))
        differences = find_differences(paid)
        context |= {
            "open_months": [one for one in find_open_months(moment.now()) if one != choice.period.first],
            "changed": [(row, differences[row.pk]) for row in paid if row.pk in differences],
            "changed_pay": sum((one.pay for one in differences.values()), Decimal(0)),
            "unclaimed": pile_by_user(find_unclaimed(choice.period, paid)),
            "closed": is_over and bool(paid) and not closes,
        }
    return context


def _refusal(period: Period) -> str:
    """Why the month cannot be closed now; empty when it can."""
    try:
        check_closable(period, moment.now())
    except ValueError as error:
        return str(error)
    return ""


def _month(user: Employee, choice: Choice, person: Person, settle: str = "") -> dict[str, Any]:
    period, now = choice.period, moment.now()
    shown = [one.first for one in list_months(period)]
    found = (
        Statement.objects.visible_to(user)
        .filter(manager=person, period__in=shown)
        .select_related("scheme", "signature__author", "payout")
        .annotate(
            objected=Exists(LineObjection.objects.filter(line__statement=OuterRef("pk"))),
            settled=Exists(AppealSettlement.objects.filter(statement=OuterRef("pk"))),
        )
        .prefetch_related("lines__author")
    )
    rows = {row.period: row for row in found}
    statement, before = rows.get(period.first), rows.get(period.previous.first)
    context: dict[str, Any] = {
        "person": person,
        "statement": statement,
        "own": person.pk == user.person_id,
        "promise": list(list_promises(scheme)) if (scheme := _scheme(statement, person, period)) else [],
        "now": now,
        "months": compare_months(rows),
    }
    if choice.is_present:
        context["parts"] = list_parts(person)
    if statement is None or not _begun(statement):
        quota = (
            Quota.objects.filter(manager=person, span=Quota.Span.MONTH, period=period.first)
            .values_list("amount", flat=True)
            .first()
        )
        context["months"] = [month for month in context["months"] if month.first != period.first]
        return context | {"quota": quota or (scheme.quota if scheme else None)}
    objections = read_objections(statement) if statement.objected else {}
    context |= _counted(statement, before, person, period, scheme, context["promise"], objections)
    context["disputes"] = list_disputes(statement, period, statement.settled)
    context["paid_out"] = payout.amount if (payout := getattr(statement, "payout", None)) else None
    if choice.is_present and statement.inputs:
        context["held"] = find_held(statement, now)
    if statement.status == Statement.Status.CLOSED:
        context["disputed"] = find_disputed(statement, objections)
        context["signature"] = getattr(statement, "signature", None)
        if context["own"]:
            context["objection"] = ObjectionForm(auto_id=False)
        differences = find_differences([statement]).get(statement.pk, Differences())
        context["differences"] = differences
        if closes_months(user):
            context["settled"] = settle
            context["answer"] = AnswerForm(auto_id=False)
            context["correction"] = closing.CorrectionForm(differences.rows, settle)
    return context


def _begun(statement: Statement) -> bool:
    """Whether there is anything to show but zeros."""
    if not statement.inputs or statement.status == Statement.Status.CLOSED:
        return True
    return bool(statement.facts.shifts.worked or statement.facts.days)


def _counted(
    statement: Statement,
    before: Statement | None,
    person: Person,
    period: Period,
    scheme: PayScheme | None,
    promises: list[Promise],
    objections: Mapping[int, list[LineObjection]],
) -> dict[str, Any]:
    """What the statement's numbers say; a frozen one without its inputs shows its lines alone."""
    shown, facts = show_statement(statement), statement.facts
    texts = {promise.code: promise for promise in promises}
    quality = None if scheme is None else find_quality(scheme)
    counted: dict[str, Any] = {
        "shown": shown,
        "lines": [
            Line(
                line,
                texts.get(line.code),
                line.amount,
                list(find_links(line, statement)),
                kept,
                objections.get(kept.pk, []),
            )
            for line, kept in zip(shown.lines, statement.lines.all(), strict=True)
        ],
        "largest": max((abs(line.amount) for line in shown.lines), default=Decimal(0)),
        "rules": _rules(facts, person, period, bool(quality and quality.by_time)),
        "paid": facts.paid,
        "two_bases": facts.measures.get("tasks_on_time")
        if facts.rules.keys() & behind("late_tasks")
        else None,
    }
    if scheme is None:
        return counted
    is_over = period.end <= moment.now() or statement.status == Statement.Status.CLOSED
    step = find_next_step(statement)
    days = compare_days(period, facts, before.facts if before and before.inputs else None, moment.now())
    counted |= {
        "score": None if quality is None else facts.measures.get(quality.name),
        "scale": find_scale(scheme, facts),
        "days": days,
        "day_chart": draw_days(person.pk, period, days),
    }
    counted |= {
        "is_over": is_over,
        "step": step,
        "next_rate": None if step.rate is None else percent(step.rate),
        "forecast": None if is_over else forecast_total(statement),
    }
    if is_over and (ladder := build_ladder(facts, {}, scheme)):
        counted["missed"] = next((rung for rung in ladder.rungs if rung.missing and rung.gain > 0), None)
    return counted


@dataclass(frozen=True)
class Line:
    """A line of the statement with what the scheme promises about it."""

    shown: ShownLine
    promise: Promise | None
    amount: Decimal
    links: list[Link]
    kept: StatementLine
    objections: list[LineObjection]

    @property
    def waits(self) -> bool:
        """Whether an objection to it waits for an answer."""
        return any(one.waits for one in self.objections)


def _scheme(statement: Statement | None, person: Person, period: Period) -> PayScheme | None:
    """The scheme of the statement, or the one by which it will be computed."""
    if statement is not None:
        return read_scheme(statement.scheme) if statement.inputs else None
    scheme = assign_schemes(find_schemes(period.first), [person.pk]).get(person.pk)
    return read_scheme(scheme) if scheme else None


@dataclass(frozen=True)
class Kept:
    """How a rule was kept in the month. ``lost`` is what it takes from the 100 points of quality.

    A violation is an opportunity that was broken; of one there may be several ``findings``, which the list shows.
    ``by_time``: violations and opportunities are seconds of the rule's clock.
    """

    code: str
    title: str
    why: str
    weight: int
    violations: int
    opportunities: int
    lost: Decimal
    findings: int
    deals: int
    href: str
    by_time: bool = False

    @property
    def broken_time(self) -> timedelta:
        return timedelta(seconds=self.violations)

    @property
    def demanded_time(self) -> timedelta:
        return timedelta(seconds=self.opportunities)


def _rules(facts: Facts, person: Person, period: Period, by_time: bool) -> list[Kept]:
    """The dearest first."""
    query = {"manager": person.pk} | filter_held(period)
    rows = []
    for code, (weight, broken, could) in _shares(facts, by_time).items():
        behind = facts.findings.get(code, Behind(broken, broken))
        href = f"{reverse('findings')}?{urlencode({'rule': code} | query)}"
        title, why = judgement.title(code), judgement.why(code)
        weights = sum(one[0] for one in _shares(facts, by_time).values() if one[2])
        lost = Decimal(100 * weight * broken) / (could * weights) if could and weights else Decimal(0)
        rows.append(
            Kept(code, title, why, weight, broken, could, lost, behind.findings, behind.deals, href, by_time)
        )
    return sorted(rows, key=lambda row: -row.lost)


def _shares(facts: Facts, by_time: bool) -> dict[str, tuple[int, int, int]]:
    """Of each rule its weight, what was broken, and what could be: opportunities, or seconds."""
    if by_time:
        return {code: (one.weight, one.broken, one.demanded) for code, one in facts.times.items()}
    return {code: (one.weight, one.violations, one.opportunities) for code, one in facts.rules.items()}
