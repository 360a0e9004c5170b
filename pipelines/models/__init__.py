"""The mirror of amoCRM and the machinery that keeps it.

Mirror rows say what amoCRM says and nothing else. They are written only through ``mirror.upsert.store_rows`` and
``timeline.folding``; they are never deleted (``deleted_at``), because money and findings point at them. Remote ids
are the keys. Foreign keys inside the mirror carry no database constraint and may be null: a row may arrive before
its parent, and a parent may vanish for good.
"""

from pipelines.models.account import (
    Account,
    CustomField,
    LossReason,
    Person,
    Pipeline,
    PipelineKind,
    Stage,
    TaskType,
)
from pipelines.models.judgement import JudgementRequest
from pipelines.models.lives import LifeChange, PackedLives
from pipelines.models.machinery import Cursor, Hook, QuarantinedRow, Sweep
from pipelines.models.story import Event, Stay, Touch
from pipelines.models.visible import Visible
from pipelines.models.work import Contact, Deal, Task

__all__ = [
    "Account",
    "Contact",
    "Cursor",
    "CustomField",
    "Deal",
    "Event",
    "Hook",
    "JudgementRequest",
    "LifeChange",
    "LossReason",
    "PackedLives",
    "Person",
    "Pipeline",
    "PipelineKind",
    "QuarantinedRow",
    "Stage",
    "Stay",
    "Sweep",
    "Task",
    "TaskType",
    "Touch",
    "Visible",
]
