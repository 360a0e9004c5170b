"""What was lost: when, by whom, from which stage, for which reason, from which source; kept where reading is slow."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Exists,
    F,
    Func,
    OuterRef,
    QuerySet,
    SmallIntegerField,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Floor

from core import account
from core.kept import Question, find_answer
from core.periods import Period
from metrics.loss_columns import Losses, from_columns, pack, unpack
from metrics.sources import LOST, stage_before
from pipelines.models import CustomField, Deal, Touch
from timeline.attribution import owner_at_closing, results

SOURCE = r"^(источник|source|utm_source|канал)"
MICROSECONDS = "(extract(epoch from %(expressions)s) * 1000000)::bigint"
SLOW = 0.15  # seconds: what is read in less is never old
VERSION = 3  # grows whenever a loss gets another shape or is found in another way


def lost_deals(period: Period) -> QuerySet[Any]:
    """Deals lost in the period, as the list of deals counts them, with ``closer`` and the stage they were lost from."""
    rows = Deal.objects.alive().alias(**results())
    rows = rows.filter(result=LOST, closing__gte=period.start, closing__lt=period.end)
    found: QuerySet[Any] = rows.annotate(
        closer=owner_at_closing("closing"), lost_from=stage_before("closed_at")
    )
    return found


def find_source() -> CustomField | None:
    """The field that says where a deal came from, by its name."""
    return CustomField.objects.filter(name__iregex=SOURCE).order_by("id").first()


def source_of(field: int) -> Func:
    """The field's value as text. Django's own key transform would take a key of digits for a place in a list."""
    return Func(
        F("fields"), Value(str(field)), function="jsonb_extract_path_text", output_field=TextField(null=True)
    )


def list_losses(period: Period, source: int | None) -> Losses:
    """Every lost deal of the period; one query."""
    later = Touch.objects.filter(
        deal=OuterRef("pk"),
        at__gt=OuterRef("closed_at"),
        kind__in=[Touch.Kind.CALL_IN, Touch.Kind.MESSAGE_IN],
    )
    known = Value(None, output_field=TextField(null=True)) if source is None else source_of(source)
    rows = lost_deals(period).annotate(source=known, came_back=Exists(later))
    roubles = Floor("price")
    columns = {
        "deal": F("pk"),
        "at": Func("closed_at", template=MICROSECONDS, output_field=BigIntegerField()),
        "manager": F("closer"),
        "stage": F("lost_from"),
        "pipeline": F("pipeline_id"),
        "reason": F("loss_reason_id"),
        "source": F("source"),
        "roubles": Cast(roubles, BigIntegerField()),
        "kopecks": Cast((F("price") - roubles) * 100, SmallIntegerField()),
        "came_back": F("came_back"),
    }
    # One row of lists, without a tuple, a moment and a decimal for each loss; plain names are taken by the columns.
    found = rows.order_by().aggregate(
        **{f"every_{name}": ArrayAgg(own, default=[]) for name, own in columns.items()}
    )
    return from_columns({name: found[f"every_{name}"] for name in columns})


class KeptLosses(NamedTuple):
    as_of: datetime
    losses: Losses


def key_of(period: Period, source: int | None) -> str:
    """Under which the answer to a question is kept: by all that it depends on beside the deals."""
    asked = (VERSION, period.start.tzinfo, period.first, period.last, source, *account.own().not_selling)
    return f"losses:{connection.settings_dict['NAME']}:{':'.join(map(str, asked))}"


def read_losses(now: datetime, period: Period, source: int | None) -> KeptLosses:
    """Those of `list_losses`, or kept ones (`core.kept`) where reading them is slow."""
    question = Question(
        key_of(period, source),
        lambda: KeptLosses(now, list_losses(period, source)),
        lambda found: pack(*found),
        lambda text: KeptLosses(*unpack(text)),
        SLOW,
    )
    return find_answer(question)[0]
