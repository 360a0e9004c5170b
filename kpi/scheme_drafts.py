"""Drafts of pay schemes: what an editor has written and not published, and the way into force."""

import copy
import json
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.models import Scheme, SchemeDraft
from kpi.pay_schemes import find_faults, load_scheme, lock_scheme
from kpi.statements import closes_months
from team.models import Employee

LARGEST = 60_000  # characters of a document
MOST = 30  # drafts of one editor


def months_to_begin() -> list[Period]:
    """From which a scheme may come into force: none that is over, whose statements people have been told."""
    present = month_of(moment.now(), portal_zone())
    return [present, present.next, present.next.next]


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
    written = json.dumps(document, ensure_ascii=False)
    if len(written) > LARGEST:
        raise ValueError(_("The draft is too long to be kept."))
    if "\\u0000" in written.replace("\\\\", ""):  # PostgreSQL keeps no NUL
        raise ValueError(_("The draft holds a sign that cannot be kept."))
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

    ValueError with a sentence for somebody who may not, another month than those of `months_to_begin`, a version that
    came into force since the draft was begun, and a document that is not sound.
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
    if effective_from not in [month.first for month in months_to_begin()]:
        raise ValueError(_("A scheme comes into force with the present month or one of the next two."))
    document = {**draft.document, "code": draft.code, "effective_from": effective_from.isoformat()}
    if faults := find_faults(document):
        raise faults[0]
    scheme, is_new = load_scheme(document)
    SchemeDraft.objects.filter(pk=draft.pk).delete()
    return scheme, is_new
