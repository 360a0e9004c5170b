"""A draft becomes the version that judges, or says what is wrong with it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from core.zone import portal_zone
from pipelines.models import Stage
from qc import drafts, regulations
from qc.models import Regulation
from web.regulations.form import RegulationForm


def publish(request: HttpRequest, stage: Stage, present: Regulation | None, form: RegulationForm) -> bool:
    """Whether the new version is in force or waits (or nothing differed); what was wrong stands in the form."""
    author: Any = request.user
    try:
        draft = regulations.draft(stage.pk, **form.chosen)
        if not regulations.sentences(present, draft):
            messages.info(request, _("Nothing was changed, so there is no new version."))
            drafts.drop(stage.pk, author)
            return True
        published = regulations.publish(
            stage, author, form.cleaned_data["version"], at=form.effective_at, **form.chosen
        )
    except regulations.Superseded as late:
        form.look_again(late.version)
        return False
    except (ValueError, ValidationError) as error:
        for sentence in sentences_of(error):
            form.add_error(None, sentence)
        return False
    drafts.drop(stage.pk, author)
    say_published(request, published)
    return True


def say_published(request: HttpRequest, published: Regulation) -> None:
    words: dict[str, Any] = {"version": published.version}
    if published.published_at is None and published.effective_at is not None:
        words["day"] = formats.day(published.effective_at.astimezone(portal_zone()).date(), _locale(), True)
        messages.success(request, _("Version %(version)s waits: it will be in force from %(day)s.") % words)
        return
    messages.success(
        request, _("Version %(version)s is in force. The deals of the stage are being judged by it.") % words
    )


def sentences_of(error: ValueError | ValidationError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]


def _locale() -> str:
    return get_language() or "en"
