"""«Применить набор»: sets of norms for usual pipelines, tried on history before they are put in force. For admins."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from pipelines.models import Pipeline, Stage
from qc import pack_offers, queries
from qc.packs import Pack, read_packs
from web.frame.permissions import for_admins


@require_safe
@for_admins
def index(request: HttpRequest) -> HttpResponse:
    """Every set with the pipelines that it seems to be for; each may be tried on any other."""
    pipelines = list(Pipeline.objects.filter(deleted_at=None))
    rows = [(pack, [one for one in pipelines if pack.fits(one.name)]) for pack in read_packs().values()]
    return render(request, "regulations/packs.html", {"rows": rows, "pipelines": pipelines})


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def pack(request: HttpRequest, key: str) -> HttpResponse:
    """What a set would change in a pipeline and what it would find there; by POST it is put in force."""
    chosen = read_packs().get(key)
    if chosen is None:
        raise Http404
    pipeline = _pipeline(request, chosen)
    if pipeline is None:
        return redirect("packs")
    offer = pack_offers.prepare_offer(chosen, pipeline)
    if request.method == "POST":
        return _apply(request, offer)
    return _show(request, offer, [])


def _pipeline(request: HttpRequest, chosen: Pack) -> Pipeline | None:
    asked = (request.POST if request.method == "POST" else request.GET).get("pipeline", "")
    pipelines = Pipeline.objects.filter(deleted_at=None)
    if asked:
        if not asked.isdecimal() or len(asked) > 18:
            raise Http404
        return get_object_or_404(pipelines, pk=int(asked))
    return next((one for one in pipelines if chosen.fits(one.name)), None)


def _apply(request: HttpRequest, offer: pack_offers.Offer) -> HttpResponse:
    try:
        changed = pack_offers.apply_offer(offer, request.user)  # type: ignore[arg-type]  # an admin
    except ValueError as error:
        return _show(request, offer, [str(error)])
    words = {"pack": offer.pack.title, "n": changed}
    said = ngettext(
        "“%(pack)s” is in force on %(n)s stage.", "“%(pack)s” is in force on %(n)s stages.", changed
    )
    messages.success(request, said % words if changed else _("Nothing was left to change."))
    return redirect("regulations")


def _show(request: HttpRequest, offer: pack_offers.Offer, problems: list[str]) -> HttpResponse:
    titles = queries.titles()
    stages = [
        {
            "offer": one,
            "rules": [titles[code] for code in one.norms],
            "kept": [titles[code] for code in one.kept],
        }
        for one in offer.stages
    ]
    tried = pack_offers.try_offer(offer) if not problems else pack_offers.Tried([])
    context: dict[str, Any] = {
        "offer": offer,
        "stages": stages,
        "rules": [titles[code] for code in offer.rules],
        "tried": [(titles[code], *numbers) for code, *numbers in tried.rules],
        "days": pack_offers.DAYS,
        "others": Stage.objects.filter(
            pipeline=offer.pipeline, deleted_at=None, kind=Stage.Kind.WORK
        ).exclude(pk__in=[one.stage.pk for one in offer.stages if one.stage is not None]),
        "problems": problems,
    }
    return render(request, "regulations/pack.html", context, status=422 if problems else 200)
