"""Notices as sentences: for a chat, a mailbox and the bell, in the recipient's language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext, override

from core import formats
from core.zone import portal_zone
from notices import links
from notices.digests import Day
from notices.kinds import KINDS
from notices.kinds.registry import ACCEPT, ALERT, DISPUTE, LATER, OPEN, REPORT
from notices.models import Delivery, Report
from notices.reports.document import read_document
from notices.reports.pictures import draw_charts
from notices.reports.wording import caption, compose_chat
from notices.sentences import NAME, find_language, say, sign_of
from notices.telegram.markup import CAPTION, Button, cut, escape, fit, plain
from qc.wording import because

DONE = "✅"


@dataclass(frozen=True)
class Composed:
    """``picture`` draws what follows as a message of its own, with ``caption`` below; None: nothing follows."""

    subject: str
    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Callable[[], bytes] | None = None
    caption: str = ""


def compose(rows: Sequence[Delivery], now: datetime, *, language: str, day: Day | None = None) -> Composed:
    """One message of these deliveries; the first leads. Reads their notices, findings, deals and employees."""
    with override(language):
        if rows[0].notice.kind == "digest":
            return _digest(rows, day, now)
        if len(rows) > 1:
            return _heap(rows, now)
        if KINDS[rows[0].notice.kind].source == REPORT and (composed := _report(rows[0], language)):
            return composed
        return _single(rows[0], now)


def _single(row: Delivery, now: datetime) -> Composed:
    notice = row.notice
    one, line = KINDS[notice.kind], say(notice, now)
    title, sign = escape(line.title), sign_of(notice)
    subject = f"{line.title}: {line.about}" if line.about else line.title
    lines = [f"{sign} <b>{title}</b>"]
    if notice.fixed_at is not None and one.fixed:
        when = formats.clock(notice.fixed_at.astimezone(portal_zone()), find_language())
        lines = [f"{DONE} <b>{escape(gettext(one.fixed))}</b> · {when}"]
    if row.copy:
        lines.append(escape(gettext("Repeated: nobody knows whether the first message arrived.")))
    if line.about:
        lines.append(
            _link(links.of_deal(notice.deal_id), line.about) if notice.deal_id else escape(line.about)
        )
    if row.step and notice.person_id is not None:
        lines.append(escape(_whose(row)))
    if notice.fixed_at is None and line.why:
        lines.append(escape(line.why))
    if notice.answer == ACCEPT and notice.answered_at is not None and notice.fixed_at is None:
        when = formats.clock(notice.answered_at.astimezone(portal_zone()), find_language())
        lines.append(
            "👍 "
            + escape(gettext("accepted by %(name)s at %(time)s") % {"name": notice.answered_by, "time": when})
        )
    if notice.answer == DISPUTE:
        lines.append("✋ " + escape(gettext("an appeal is filed")))
    return Composed(cut(subject, 150), "\n".join(lines), _buttons(row))


def _report(row: Delivery, language: str) -> Composed | None:
    """The report itself; None when there is no such report any more."""
    report = Report.objects.filter(number=row.notice.values.get("report")).first()
    if report is None:
        return None
    document = read_document(bytes(report.body))
    decisions = list(report.decisions.select_related("owner").order_by("place"))
    subject, html, buttons = compose_chat(report, document, decisions, row.pk)

    def draw() -> bytes:
        with override(language):
            return draw_charts(document)

    return Composed(cut(subject, 150), html, buttons, draw, caption(document))


def _whose(row: Delivery) -> str:
    """Who has not reacted: for whoever stands above him."""
    person = row.notice.finding.manager if row.notice.finding is not None else None
    return gettext("%(name)s was told and nothing has happened since.") % {
        "name": person or gettext("Nobody")
    }


def _heap(rows: Sequence[Delivery], now: datetime) -> Composed:
    """Many at once: how many of each kind, then a line for each."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.notice.kind] = counts.get(row.notice.kind, 0) + 1
    parts = []
    for code, count in counts.items():
        parts.append(ngettext(*KINDS[code].many, count) % {"count": count})
    title = ", ".join(parts)
    lines = [f"🗂 <b>{escape(title)}</b>", *(_row(row, now) for row in rows)]
    buttons = ((Button(gettext("Open in the portal"), url=links.of_bell()),),)
    return Composed(cut(title, 150), fit(lines, escape(gettext("… and more in the portal")), 3500), buttons)


def _row(row: Delivery, now: datetime) -> str:
    notice = row.notice
    line, one = say(notice, now), KINDS[notice.kind]
    sign = DONE if notice.fixed_at is not None else sign_of(notice)
    about = (
        _link(links.of_deal(notice.deal_id), line.about)
        if notice.deal_id and line.about
        else escape(line.title)
    )
    why = (
        escape(gettext(one.fixed))
        if notice.fixed_at is not None and one.fixed
        else escape(cut(line.why, 160))
    )
    whose = ""
    if row.step and notice.finding is not None and notice.finding.manager is not None:
        whose = f"{escape(notice.finding.manager)}: "
    return f"{sign} {whose}{about}" + (f"\n<i>{why}</i>" if why else "")


def _digest(rows: Sequence[Delivery], day: Day | None, now: datetime) -> Composed:
    employee, language = rows[0].employee, find_language()
    name = employee.first_name if employee is not None else ""
    hello = (
        gettext("Good morning, %(name)s! Today:") % {"name": name}
        if name
        else gettext("Good morning! Today:")
    )
    lines = [f"☀️ <b>{escape(hello)}</b>"]
    if day is not None:
        lines += [escape(text) for text in _numbers(day, language)]
        if day.first:
            begin = gettext("Begin with:")
            lines.append(f"\n<b>{escape(begin)}</b>")
            for number, finding in enumerate(day.first, 1):
                deal = _link(links.of_deal(finding.deal_id), cut(str(finding.deal), NAME))
                lines.append(f"{number}. {deal} · {escape(formats.money(finding.deal.price, language))}")
                lines.append(f"<i>{escape(cut(because(finding, now), 160))}</i>")
        if day.people:
            who = ", ".join(f"{cut(name, 40)} ({number})" for name, number in day.people)
            lines.append(escape(gettext("Most open findings: %(people)s") % {"people": who}))
    if len(rows) > 1:
        new = gettext("New since your last shift:")
        lines.append(f"\n<b>{escape(new)}</b>")
        lines += [_row(row, now) for row in rows[1:]]
    buttons = (
        (
            Button(gettext("My tasks"), url=links.of_tasks()),
            Button(gettext("Everything new"), url=links.of_bell()),
        ),
    )
    more = escape(gettext("… and more in the portal"))
    return Composed(plain(lines[0]), fit(lines, more, 3500), buttons)


def _numbers(day: Day, language: str) -> list[str]:
    def number(value: int) -> str:
        return formats.number(value, language)

    tasks = ngettext("%(n)s task", "%(n)s tasks", day.tasks) % {"n": number(day.tasks)}
    if day.overdue:
        late = ngettext("%(n)s of them overdue", "%(n)s of them overdue", day.overdue) % {
            "n": number(day.overdue)
        }
        tasks = f"{tasks} ({late})"
    edge = ngettext("%(n)s deal on the edge", "%(n)s deals on the edge", day.edge) % {"n": number(day.edge)}
    if day.edge:
        edge += f" ({formats.money_short(day.edge_sum, language)})"
    mended = gettext("mended since the last shift: %(n)s") % {"n": number(day.mended)}
    lines = [" · ".join((tasks, edge, mended))]
    if day.money is not None:
        lines.append(
            gettext("Money of the month as of now: %(sum)s") % {"sum": formats.money(day.money, language)}
        )
    return lines


def _buttons(row: Delivery) -> tuple[tuple[Button, ...], ...]:
    """What may be pressed: the person's own in the first row, links in the second. None to press once it is fixed."""
    notice, one = row.notice, KINDS[row.notice.kind]
    presses = []
    if notice.fixed_at is None and row.step == 0 and row.employee_id is not None:
        names = {ACCEPT: gettext("Accepted"), LATER: gettext("Later"), DISPUTE: gettext("I disagree")}
        presses = [
            Button(names[code], data=f"{code}:{row.pk}")
            for code in one.buttons
            if code in names and not (code == notice.answer and code != LATER)
        ]
    opens = []
    if notice.deal_id and OPEN in one.buttons and (address := links.of_deal_in_amo(notice.deal_id)):
        opens.append(Button(gettext("Open in amoCRM"), url=address))
    if one.source == ALERT:
        opens.append(Button(gettext("Look at the week"), url=links.of_alerts(notice.values["week"])))
    if number := notice.values.get("decision"):
        opens.append(Button(gettext("Look at the list"), url=links.of_decision(int(number))))
    return tuple(tuple(part) for part in (presses, opens) if part)


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def as_mail(composed: Composed) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    opens = [button for row in composed.buttons for button in row if button.url]
    text = plain(composed.html) + "".join(f"\n\n{one.text}: {one.url}" for one in opens)
    body = composed.html.replace("\n", "<br>")
    body += "".join(f'<p><a href="{escape(one.url)}">{escape(one.text)}</a></p>' for one in opens)
    return text, f"<!doctype html><html><body style='font:16px/1.5 sans-serif'>{body}</body></html>"


def cut_caption(html: str) -> str:
    """As many whole lines as may stand below a picture."""
    return fit(html.split("\n"), "…", CAPTION)
