"""Import of amoCRM's own export: upload, preview, confirm. For administrators."""

from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from core import moment
from pipelines.imports import drafts, loading
from pipelines.imports.columns import DEALS, LABELS
from pipelines.imports.doubts import list_doubts
from pipelines.imports.drafts import Draft
from pipelines.imports.parsing import Parsed, parse_export
from pipelines.imports.tables import LARGEST, BadFile
from pipelines.mirror import freshness
from web.frame.permissions import for_admins

FIRST = 10  # rows shown of a file
NAMED = 100  # rejected rows shown
RESULT = "import_result"  # in the session, from the confirmation to the next page


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def upload(request: HttpRequest) -> HttpResponse:
    """The form, with the result of the last import; a file leads to its preview."""
    if request.method != "POST":
        return form(request, result=request.session.pop(RESULT, None))
    try:
        code = drafts.keep_draft(request.user.pk, read_upload(request))
    except BadFile as error:
        return form(request, 422, problem=str(error))
    except RedisError:
        problem = _(
            "Redis does not answer, so the file cannot be kept until you confirm; nothing was changed."
        )
        return form(request, 503, problem=problem)
    return redirect("import-draft", code=code)


def form(request: HttpRequest, status: int = 200, **told: Any) -> HttpResponse:
    return render(request, "sync/import.html", {"connected": freshness.is_connected(), **told}, status=status)


def read_upload(request: HttpRequest) -> Draft:
    """Raises BadFile."""
    file = request.FILES.get("file")
    if file is None or file.file is None:
        raise BadFile(_("Choose a file first."))
    if (file.size or 0) > LARGEST:
        raise BadFile(_("The file is larger than 50 MB; export fewer deals at a time."))
    parsed = parse_export(file.file, loading.import_zone(), moment.now())
    return Draft(file.name or "", parsed, loading.try_export(parsed))


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def draft(request: HttpRequest, code: str) -> HttpResponse:
    """The preview of an upload; POST imports it, or drops it when asked to ``cancel``."""
    found = drafts.find_draft(request.user.pk, code)
    if found is None:
        messages.warning(request, _("This file is no longer waiting: upload it again."))
        return redirect("import")
    if request.method != "POST":
        return render(request, "sync/import_preview.html", preview(found))
    if "cancel" not in request.POST:
        try:
            loaded = loading.load_export(found.parsed)
        except BadFile as error:
            return render(
                request, "sync/import_preview.html", preview(found) | {"problem": str(error)}, status=422
            )
        request.session[RESULT] = result(found, loaded)
    drafts.drop_draft(request.user.pk, code)
    return redirect("import")


def preview(found: Draft) -> dict[str, Any]:
    parsed = found.parsed
    return {
        "file": found.file,
        "parsed": parsed,
        "is_deals": parsed.kind == DEALS,
        "expected": found.expected,
        "columns": [(title, LABELS[field]) for title, field in parsed.read],
        "rows": (parsed.deals or parsed.contacts)[:FIRST],
        "rejected_rows": named(parsed),
        "doubts": list_doubts(parsed),
        "refusal": loading.find_refusal(parsed),
    }


def result(found: Draft, loaded: loading.Loaded) -> dict[str, Any]:
    """Counts and reasons: nothing of the rows themselves."""
    parsed = found.parsed
    return {
        "file": found.file,
        "is_deals": parsed.kind == DEALS,
        "counts": {
            name: value for name, value in msgspec.to_builtins(loaded).items() if isinstance(value, int)
        },
        "rejected": named(parsed),
        "rejected_count": parsed.rejected_count,
    }


def named(parsed: Parsed) -> list[tuple[int, str]]:
    return [(rejection.line, rejection.reason) for rejection in parsed.rejected[:NAMED]]
