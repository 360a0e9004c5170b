"""Drafts of regulations: what an editor has written and not published, kept as it was sent until it is or he throws it
away."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import moment
from qc.models import RegulationDraft
from team.models import Employee

LARGEST = 100_000  # characters of a form that are kept


def find(stage_id: str, editor: Employee) -> RegulationDraft | None:
    return RegulationDraft.objects.filter(stage=stage_id, editor=editor).first()


def of_stage(stage_id: str, editor: Employee) -> tuple[RegulationDraft | None, list[RegulationDraft]]:
    """An editor's own draft for the stage, and what others are writing for it, the newest first. One query."""
    rows = RegulationDraft.objects.filter(stage=stage_id).select_related("editor").order_by("-saved_at")
    found = list(rows)
    own = next((row for row in found if row.editor_id == editor.pk), None)
    return own, [row for row in found if row.editor_id != editor.pk]


def save(
    stage_id: str, editor: Employee, sent: Mapping[str, Sequence[str]], basis: int
) -> RegulationDraft | None:
    """Keep the form as it was sent; None (nothing kept) for one that no page of ours would send."""
    kept = {
        name: list(values) for name, values in sent.items() if name not in ("csrfmiddlewaretoken", "action")
    }
    if sum(len(value) for values in kept.values() for value in values) > LARGEST or len(kept) > 500:
        return None
    if any("\x00" in value for values in kept.values() for value in values):
        return None
    row, created = RegulationDraft.objects.get_or_create(
        stage_id=stage_id,
        editor=editor,
        defaults={"sent": kept, "basis": basis, "saved_at": moment.now()},
    )
    if not created and (row.sent, row.basis) != (kept, basis):
        row.sent, row.basis, row.saved_at = kept, basis, moment.now()
        row.tried_at = row.outcome = None
        row.save()
    return row


def tell(draft: RegulationDraft, outcome: Mapping[str, Any]) -> None:
    """Keep what trying it on history has told."""
    draft.tried_at, draft.outcome = moment.now(), dict(outcome)
    draft.save(update_fields=["tried_at", "outcome"])


def drop(stage_id: str, editor: Employee) -> None:
    RegulationDraft.objects.filter(stage=stage_id, editor=editor).delete()
