"""What a file does not know stays as it stands here: «not known» never replaces what is known."""

from collections.abc import Iterator, Sequence

import msgspec

from pipelines import models
from pipelines.imports import names
from pipelines.imports.parsing import Contact, Deal, Parsed

AT_ONCE = 1000


def completed_deals(parsed: Parsed) -> list[Deal]:
    """The deals, an empty or absent cell replaced by what an earlier file has told of the deal.

    Two columns can say «none»: an open deal has an empty closing date, an untagged one empty tags. Those are kept only
    where the column is missing; and a deal on a stage of work is open whatever was known.
    """
    fields = {field for _title, field in parsed.read}
    people: dict[int | None, str] = dict(models.Person.objects.values_list("pk", "name"))
    pipelines: dict[int | None, str] = dict(models.Pipeline.objects.values_list("pk", "name"))
    found: list[Deal] = []
    for deals in batches(parsed.deals):
        known = models.Deal.objects.in_bulk([deal.id for deal in deals if unknown(deal, fields)])
        for deal in deals:
            here = known.get(deal.id)
            if here is None:
                found.append(deal)
                continue
            closed = here.closed_at if names.stage_kind(deal.stage) in ("won", "lost") else None
            found.append(
                msgspec.structs.replace(
                    deal,
                    name=deal.name or here.name,
                    price=here.price if deal.price is None else deal.price,
                    manager=deal.manager or people.get(here.manager_id, ""),
                    pipeline=deal.pipeline or pipelines.get(here.pipeline_id, ""),
                    closed_at=deal.closed_at if "closed_at" in fields else closed,
                    tags=deal.tags if "tags" in fields else list(here.tags),
                )
            )
    return found


def unknown(deal: Deal, fields: set[str]) -> bool:
    told = deal.name and deal.manager and deal.pipeline and deal.price is not None
    return not told or not fields >= {"closed_at", "tags"}


def completed_contacts(parsed: Parsed) -> list[Contact]:
    nameless = [contact.id for contact in parsed.contacts if not contact.name]
    here = dict(models.Contact.objects.filter(pk__in=nameless).values_list("pk", "name"))
    return [
        contact if contact.name else msgspec.structs.replace(contact, name=here.get(contact.id, ""))
        for contact in parsed.contacts
    ]


def batches(deals: Sequence[Deal]) -> Iterator[Sequence[Deal]]:
    for start in range(0, len(deals), AT_ONCE):
        yield deals[start : start + AT_ONCE]
