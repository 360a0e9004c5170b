"""Which columns of a header are read, and as what; phones, e-mails, notes and custom fields are left alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipelines.imports.tables import BadFile

DEALS, CONTACTS = "deals", "contacts"

# By field, the names of columns in exports of different years, as `plain` writes them. Of two columns with one name the
# first is the deal's own: those of the contact come later.
# The names in English are Kommo's.
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    DEALS: {
        "id": ("id", "id сделки", "lead id", "deal id"),
        "name": ("название сделки", "сделка", "lead title", "lead name", "lead", "deal title", "deal name", "deal"),
        "price": ("бюджет", "бюджет сделки", "сумма сделки", "sale", "sale value", "price", "budget", "lead value",
                  "lead budget", "amount"),
        "manager": ("ответственный", "ответственный за сделку", "ответственный пользователь", "responsible",
                    "responsible user", "lead responsible user", "responsible for the lead", "lead owner"),
        "created_at": ("дата создания", "дата создания сделки", "created at", "created on", "date created", "created",
                       "creation date", "date of creation", "lead created at", "lead creation date"),
        "edited_at": ("дата редактирования", "дата редактирования сделки", "modified at", "updated at", "edited at",
                      "date modified", "date edited", "last modified", "modification date"),
        "closed_at": ("дата закрытия", "дата закрытия сделки", "closed at", "closed on", "date closed", "closed",
                      "closing date", "close date", "lead closing date"),
        "stage": ("этап сделки", "этап", "статус сделки", "статус", "lead stage", "stage", "lead status", "status",
                  "pipeline stage", "deal stage"),
        "pipeline": ("воронка", "воронка сделки", "pipeline", "lead pipeline"),
        "tags": ("теги", "теги сделки", "тег сделки", "tags", "lead tags", "tag", "deal tags"),
    },
    CONTACTS: {
        "id": ("id", "id контакта", "contact id"),
        "full_name": ("полное имя контакта", "полное имя", "имя контакта", "contact full name", "full name",
                      "contact name"),
        "type": ("тип", "type"),
    },
}  # fmt: skip
REQUIRED = {DEALS: ("id", "created_at", "stage"), CONTACTS: ("id", "full_name")}
TELLING = ("name", "stage", "pipeline")  # columns that only deals have
LABELS: dict[str, Promise] = {
    "id": gettext_lazy("ID"),
    "name": gettext_lazy("Deal"),
    "full_name": gettext_lazy("Name"),
    "price": gettext_lazy("Amount"),
    "manager": gettext_lazy("Manager"),
    "created_at": gettext_lazy("Created"),
    "edited_at": gettext_lazy("Last change"),
    "closed_at": gettext_lazy("Closing date"),
    "stage": gettext_lazy("Stage"),
    "pipeline": gettext_lazy("Pipeline"),
    "tags": gettext_lazy("Tags"),
    "type": gettext_lazy("Contact or company"),
}


class Incomplete(BadFile):
    """It is one of the two exports, but lacks what a row cannot do without."""


@dataclass(frozen=True)
class Columns:
    """``kind`` of the file, the place of each field, and the header as it stands in the file."""

    kind: str
    places: Mapping[str, int]
    header: Sequence[str]

    @property
    def is_english(self) -> bool:
        return all(self.header[place].isascii() for place in self.places.values())

    def cells(self, line: Sequence[str]) -> dict[str, str]:
        """The cells that are read, by field; a line may be shorter than the header."""
        return {
            field: line[place].strip() if place < len(line) else "" for field, place in self.places.items()
        }


def plain(title: str) -> str:
    """«Дата создания (сделка) » and «Бюджет, ₽» without what varies."""
    words = " ".join(title.casefold().replace("ё", "е").split())
    words = re.sub(r" \((сделка|контакт|lead|deal|contact)\)$", "", words)
    return re.sub(r"[ ,(]*([₽$€₸]|руб\.?|rub)\)?$", "", words)


def recognise_columns(header: Sequence[str]) -> Columns:
    """Raises BadFile when this is neither of the two exports, Incomplete when it lacks what a row must have."""
    titles = [plain(title) for title in header]
    deals = found(titles, ALIASES[DEALS])
    if any(field in deals for field in TELLING):
        return complete(Columns(DEALS, deals, header))
    contacts = found(titles, ALIASES[CONTACTS])
    if "full_name" in contacts:
        return complete(Columns(CONTACTS, contacts, header))
    raise BadFile(_("This is not amoCRM's export of deals or contacts: its columns have other names."))


def found(titles: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {
        field: min(titles.index(name) for name in names if name in titles)
        for field, names in aliases.items()
        if any(name in titles for name in names)
    }


def complete(columns: Columns) -> Columns:
    missing = [field for field in REQUIRED[columns.kind] if field not in columns.places]
    if missing:
        names = ", ".join(f"«{titled(ALIASES[columns.kind][field][0])}»" for field in missing)
        if columns.kind == DEALS:
            raise Incomplete(_("This export of deals lacks the columns %(names)s.") % {"names": names})
        raise Incomplete(_("This export of contacts lacks the columns %(names)s.") % {"names": names})
    return columns


def titled(name: str) -> str:
    """As amoCRM writes it."""
    return "ID" if name == "id" else name.capitalize()
