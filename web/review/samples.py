"""Samples of deals for manual reviews, and the page of reviewers."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core import moment
from core.zone import local_day, portal_zone
from qc import manual_reviews, overturns
from qc.manual_reviews import ANSWERS, SECTIONS
from qc.models import Finding, ManualReview, RuleHalt, Sample, SampledDeal
from qc.queries import title
from qc.reviewers import measure_reviewers
from team.models import Employee
from web.deals import diary
from web.frame import listing
from web.frame.day_fields import DayField
from web.review.exports import export_reviewers

QUARTER = timedelta(days=90)


class SampleForm(forms.Form):
    since = DayField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = DayField(
        label=gettext_lazy("To, inclusive"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    size = forms.IntegerField(label=gettext_lazy("Deals"), min_value=1, max_value=manual_reviews.MOST)
    twice = forms.IntegerField(
        label=gettext_lazy("Of them by two reviewers"), min_value=0, max_value=manual_reviews.MOST
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("The same seed draws the same deals again."),
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


def _auditor(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not manual_reviews.may_audit(user):
        raise Http404
    return user


@require_http_methods(["GET", "HEAD", "POST"])
def samples(request: HttpRequest) -> HttpResponse:
    """What was drawn and how far it is reviewed; POST draws a sample."""
    user, day = _auditor(request), local_day(moment.now())
    form = SampleForm(request.POST) if request.method == "POST" else _offered(day)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            sample = manual_reviews.draw_sample(
                datetime.combine(said["since"], time(), portal_zone()),
                datetime.combine(said["until"] + timedelta(days=1), time(), portal_zone()),
                said["size"],
                said["twice"],
                said["seed"],
                user,
                said["key"],
            )
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review-sample", sample.pk)
    since = moment.now() - QUARTER
    rows = Sample.objects.select_related("author").annotate(
        reviewed=Count("deals__reviews", distinct=True), drawn=Count("deals", distinct=True)
    )
    context = {
        "form": form,
        "samples": rows[:50],
        "agreement": manual_reviews.measure_agreement(since),
        "sections": manual_reviews.count_sections(ManualReview.objects.filter(at__gte=since)),
    }
    return render(request, "review/samples.html", context, status=422 if form.errors else 200)


def _offered(day: Any) -> SampleForm:
    """Thirty deals of the week that is over, six of them twice."""
    monday = day - timedelta(days=day.weekday() + 7)
    initial = {
        "since": monday,
        "until": monday + timedelta(days=6),
        "size": 30,
        "twice": 6,
        "seed": monday.toordinal(),
        "key": uuid4(),
    }
    return SampleForm(initial=initial)


@require_safe
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    user = _auditor(request)
    one = get_object_or_404(Sample.objects.select_related("author"), pk=pk)
    reviews = Prefetch("reviews", ManualReview.objects.select_related("reviewer"))
    rows = one.deals.select_related("deal", "manager", "stage").prefetch_related(reviews)
    context = {
        "sample": one,
        "rows": [(row, manual_reviews.is_open_to(row, user)) for row in rows],
    }
    return render(request, "review/sample.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def sampled(request: HttpRequest, pk: int) -> HttpResponse:
    """One deal with the checklist; the first reviewer's answers are shown once one has answered, or nobody has to."""
    user = _auditor(request)
    row = get_object_or_404(SampledDeal.objects.select_related("deal", "manager", "stage", "sample"), pk=pk)
    said = {code: request.POST.get(code, "") for code in SECTIONS}
    problem = ""
    if request.method == "POST":
        try:
            keep = manual_reviews.change_review if "change" in request.POST else manual_reviews.keep_review
            keep(row, user, said, request.POST.get("text", ""))
        except ValueError as error:
            problem = str(error)
        else:
            messages.success(request, _("Kept."))
            following = _next_open(row, user)
            return (
                redirect("review-sampled", following)
                if following
                else redirect("review-sample", row.sample_id)
            )
    reviews = list(row.reviews.select_related("reviewer"))
    is_open, may_change = manual_reviews.is_open_to(row, user), manual_reviews.may_change(row, user)
    changes = may_change and ("change" in request.POST or "change" in request.GET)
    if changes and request.method != "POST":
        said = reviews[0].answers
    found = Finding.objects.visible_to(user).standing().filter(deal=row.deal_id, values__review=row.pk)
    context = {
        "row": row,
        "is_open": is_open or changes,
        "changes": changes,
        "may_change": may_change and not changes,
        "found": [] if is_open else list(found.select_related("stage")),
        "problem": problem,
        "sections": [(code, text, said.get(code, "")) for code, text in SECTIONS.items()],
        "answers": ANSWERS.items(),
        "text": request.POST.get("text", reviews[0].text if changes else ""),
        "hidden": len(reviews) if is_open else 0,
        "reviews": [] if is_open or changes else [(one, _told(one)) for one in reviews],
        "entries": diary.entries(row.deal, row.deal.tasks.all())[:60],
    }
    return render(request, "review/sampled.html", context, status=422 if problem else 200)


def _told(review: ManualReview) -> list[tuple[Any, Any, str]]:
    return [
        (text, ANSWERS.get(review.answers.get(code, ""), "—"), review.answers.get(code, ""))
        for code, text in SECTIONS.items()
    ]


def _next_open(row: SampledDeal, user: Employee) -> int | None:
    rows = row.sample.deals.filter(place__gt=row.place).prefetch_related("reviews")
    return next((one.pk for one in rows if manual_reviews.is_open_to(one, user)), None)


@require_safe
def reviewers(request: HttpRequest) -> HttpResponse:
    """A quarter of their work, the precision of rules, and the rules that appeals have stopped."""
    _auditor(request)
    now = moment.now()
    since = now - QUARTER
    measured = measure_reviewers(Employee.objects.all(), since)
    told = ((title(rule), one) for rule, one in overturns.measure_precision(since).items())
    precision = sorted(told, key=lambda row: -row[1].n)
    if form := listing.asked_file(request):
        return export_reviewers(form, measured, precision)
    context = {
        "reviewers": measured,
        "verbs": listing.file_addresses(request),
        "agreement": manual_reviews.measure_agreement(since),
        "precision": precision,
        "halts": [(title(one.rule), one) for one in RuleHalt.objects.all()[:20]],
        "limit": overturns.limit_at(now),
    }
    return render(request, "review/reviewers.html", context)
