"""«Что меняли и помогло ли»: every change of regulations, rules and control, and what it has brought."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from pipelines.models import Stage
from qc import measured, queries
from qc.marks import CONTROL_OFF, VERSION, Mark, read_marks
from qc.models import RuleMode
from web.frame import listing
from web.frame.permissions import for_heads

LOOK_BACK = timedelta(days=366)
SHOWN = 60
TONES = {"helped": "good", "worse": "bad", "unproven": "neutral", "early": "info", "little": "neutral"}
ICONS = {"version": "book-open-check", "switch": "scale", "control off": "eye-off"}


def _of(side: str, name: str) -> Any:
    return lambda row: (row.get(side) or {}).get(name)


COLUMNS: listing.Columns = (
    (gettext_lazy("When"), lambda row: row["mark"].at),
    (gettext_lazy("Until"), lambda row: row["mark"].until),
    (gettext_lazy("What was done"), lambda row: row["title"]),
    (gettext_lazy("Measured by"), lambda row: row["measure"] or None),
    (gettext_lazy("Rules"), lambda row: row["rules"] or None),
    (gettext_lazy("Before, per 100 deal-days"), _of("before", "value")),
    (gettext_lazy("Findings before"), _of("before", "findings")),
    (gettext_lazy("Deal-days before"), _of("before", "days")),
    (gettext_lazy("After, per 100 deal-days"), _of("after", "value")),
    (gettext_lazy("Findings after"), _of("after", "findings")),
    (gettext_lazy("Deal-days after"), _of("after", "days")),
    (gettext_lazy("Beside it, before"), _of("others_before", "value")),
    (gettext_lazy("Beside it, after"), _of("others_after", "value")),
    (gettext_lazy("Effect"), lambda row: row.get("value")),
    (gettext_lazy("95 %, from"), lambda row: row["low"]),
    (gettext_lazy("95 %, to"), lambda row: row["high"]),
    (gettext_lazy("People"), lambda row: row.get("people")),
    (gettext_lazy("Verdict"), lambda row: row["verdict"] or None),
)


@require_safe
@for_heads
def effects(request: HttpRequest) -> HttpResponse:
    """Changes of the last year, the newest first, with what `jobs.effects` has measured by now."""
    now = moment.now()
    every = read_marks(now - LOOK_BACK, now, now)
    # what a portal begins with is no change: there is nothing before it
    marks = [mark for mark in every if not (mark.kind == VERSION and mark.version == 1)]
    kept = measured.read_measured(marks)
    names = dict(Stage.objects.values_list("pk", "name"))
    rows = [tell(mark, kept.get(mark.key), names) for mark in reversed(marks[-SHOWN:])]
    widest = max(
        [abs(row[end]) for row in rows for end in ("low", "high") if row.get(end) is not None] or [1.0]
    )
    if form := listing.asked_file(request):
        return listing.export_rows(_("What was changed, and did it help"), form, rows, COLUMNS)
    for row in rows:
        row |= _whisker(row, widest)
    context = {"rows": rows, "more": max(0, len(marks) - SHOWN), "verbs": listing.file_addresses(request)}
    return render(request, "regulations/effects.html", context)


def tell(mark: Mark, answer: Mapping[str, Any] | None, names: Mapping[str, str]) -> dict[str, Any]:
    """One row: what was done, by what it is measured, before → after with both n, and the verdict in words."""
    verdict = (answer or {}).get("verdict", "")
    words = {
        "helped": _("it helped"),
        "worse": _("it became worse"),
        "unproven": _("no difference proven"),
        "early": _("too early"),
        "little": _("too little to judge by"),
    }
    tone = TONES.get(verdict, "neutral")
    if mark.kind == CONTROL_OFF:  # that nobody looked helped nobody: only what happened is told
        words |= {"helped": _("fewer findings than before"), "worse": _("more findings than before")}
        tone = "bad" if verdict == "worse" else "neutral"
    row: dict[str, Any] = {
        "mark": mark,
        "icon": ICONS[mark.kind],
        "title": _title(mark, names),
        "stage": mark.stage,
        "measure": ", ".join(
            queries.title(code) for code in (answer or {}).get("rules", [])[:2] if code in queries.titles()
        ),
        "rules": len((answer or {}).get("rules", [])),
        "verdict": words.get(verdict, ""),
        "tone": tone,
        "state": verdict or ("none" if answer == {} else "unmeasured"),
        "low": None,
        "high": None,
    }
    if not answer:
        return row
    rates = answer["rates"]
    row |= {
        "value": answer["value"],
        "low": answer["low"],
        "high": answer["high"],
        "before": rates["changed_before"],
        "after": rates["changed_after"],
        "others_before": rates["others_before"],
        "others_after": rates["others_after"],
        "people": answer["people"],
        "scale": answer["scale"],
        "others": [names.get(one, one) for one in answer["others"]],
        "early_until": datetime.fromisoformat(answer["early_until"]),
        "start": datetime.fromisoformat(answer["start"]),
        "until": datetime.fromisoformat(answer["until"]),
        "sampled": answer["sampled"],
        "is_control": mark.kind == CONTROL_OFF,
    }
    return row


def _title(mark: Mark, names: Mapping[str, str]) -> str:
    if mark.kind == VERSION:
        words = {"stage": names.get(mark.stage or "", ""), "version": mark.version}
        return _("Regulation of “%(stage)s”, version %(version)s") % words
    if mark.kind == CONTROL_OFF:
        return _("Quality control off: %(reason)s") % {"reason": mark.reason}
    modes = dict(RuleMode.Mode.choices)
    title = queries.titles().get(mark.rule or "", mark.rule or "")
    before, after = (modes.get(one or "", one) for one in (mark.before, mark.after))
    return _("“%(rule)s”: %(before)s → %(after)s") % {"rule": title, "before": before, "after": after}


def _whisker(row: Mapping[str, Any], widest: float) -> dict[str, str]:
    """Places of the interval on an axis whose middle is zero, in percent."""
    if row.get("value") is None or row["low"] is None:
        return {}
    low, high, value = (50 + 48 * row[name] / widest for name in ("low", "high", "value"))
    return {"x1": f"{low:.2f}%", "x2": f"{high:.2f}%", "x": f"{min(max(value, 0), 100):.2f}%"}
