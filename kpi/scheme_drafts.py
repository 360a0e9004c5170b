"""Drafts of pay schemes: what an editor has written and not published, and the way into force."""

import copy
import json
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.periods import month_of
from core.zone import portal_zone
from kpi.models import Scheme, SchemeDraft
from kpi.pay_schemes import find_faults, load_scheme, lock_scheme
from kpi.statements import closes_months, is_closed
from team.models import Employee

LARGEST = 60_000  # characters of a document
MOST = 30  # drafts of one editor


def find_newest(code: str) -> Scheme | None:
    return Scheme.objects.filter(code=code).order_by("-version").first()


def find_draft(code: str, editor: Employee) -> SchemeDraft | None:
    return SchemeDraft.objects.filter(code=code, editor=editor).first()


def begin_draft(code: str, editor: Employee) -> SchemeDraft | None:
    """The editor's draft, or an unkept one of the newest version; None where there is no such scheme."""
    if found := find_draft(code, editor):
        return found
    newest = find_newest(code)
    if newest is None:
        return None
    return SchemeDraft(
        code=code, editor=editor, basis=newest.version, document=copy.deepcopy(newest.document)
    )


@transaction.atomic
def keep_draft(draft: SchemeDraft, document: dict[str, Any]) -> SchemeDraft:
    """ValueError with a sentence for what no page of ours would send."""
    written = json.dumps(document)
    if len(written) > LARGEST or "\\u0000" in written.replace("\\\\", ""):  # PostgreSQL keeps no NUL
        raise ValueError(_("The draft is too long to be kept."))
    if draft.pk is None and SchemeDraft.objects.filter(editor=draft.editor).count() >= MOST:
        raise ValueError(_("There are too many drafts of yours: publish or throw away some."))
    kept, _created = SchemeDraft.objects.update_or_create(
        code=draft.code,
        editor=draft.editor,
        defaults={"document": {**document, "code": draft.code}, "basis": draft.basis},
    )
    return kept


def drop_draft(code: str, editor: Employee) -> None:
    SchemeDraft.objects.filter(code=code, editor=editor).delete()


@transaction.atomic
def publish_draft(draft: SchemeDraft, editor: Employee, effective_from: date) -> tuple[Scheme, bool]:
    """The draft in force from the first day of a month, and whether that is new; the draft is gone then.

    ValueError with a sentence for somebody who may not, a month that is closed, a version that came into force since
    the draft was begun, and a document that is not sound.
    """
    if not closes_months(editor):
        raise ValueError(_("Pay schemes are published by whoever closes months."))
    lock_scheme(draft.code)
    newest = find_newest(draft.code)
    if newest is not None and newest.version != draft.basis:
        raise ValueError(
            _("Meanwhile version %(version)s was published: throw this draft away or begin it anew.")
            % {"version": newest.version}
        )
    if is_closed(month_of(effective_from, portal_zone())):
        raise ValueError(_("That month is closed: choose a later one."))
    document = {**draft.document, "code": draft.code, "effective_from": effective_from.isoformat()}
    if faults := find_faults(document):
        raise faults[0]
    scheme, is_new = load_scheme(document)
    SchemeDraft.objects.filter(pk=draft.pk).delete()
    return scheme, is_new
