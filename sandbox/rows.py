"""Rows of what people work on (leads, contacts, companies, tasks, notes, events), in the API v4 read shape.

The order of attributes is the order of keys in an answer.
"""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct, field

from sandbox.account_rows import (
    EMBEDDED,
    Account,
    CustomField,
    Id,
    LossReason,
    Pipeline,
    Role,
    Source,
    User,
)


class Ref(Struct):
    id: Id


class ContactRef(Struct):
    id: Id
    is_main: bool = False


class CatalogRef(Struct):
    id: Id
    metadata: dict[str, Any] | None = None


class Tag(Struct):
    id: Id
    name: str
    color: str | None = None


class SourceRef(Struct):
    id: Id
    name: str = ""


class FieldValues(Struct):
    """The filled values of one custom field on one card."""

    field_id: Id
    field_name: str | None = None
    field_code: str | None = None
    field_type: str | None = None
    values: list[dict[str, Any]] = field(default_factory=list)


class LeadParts(Struct, gc=False):
    tags: list[Tag] = field(default_factory=list)
    companies: list[Ref] = field(default_factory=list)
    contacts: list[ContactRef] = field(default_factory=list)
    catalog_elements: list[CatalogRef] = field(default_factory=list)
    source: SourceRef | None = None


class Lead(Struct, kw_only=True, rename=EMBEDDED, gc=False):
    id: Id
    name: str = ""
    price: int | float | None = 0
    responsible_user_id: int = 0
    group_id: int = 0
    status_id: int
    pipeline_id: int
    loss_reason_id: int | None = None
    created_by: int = 0
    updated_by: int = 0
    created_at: int
    updated_at: int
    closed_at: int | None = None
    closest_task_at: int | None = None
    is_deleted: bool = False
    custom_fields_values: list[FieldValues] | None = None
    score: int | None = None
    account_id: int = 0
    labor_cost: int | None = None
    is_price_modified_by_robot: bool = False
    source_id: int | None = None
    embedded: LeadParts = field(default_factory=LeadParts)


class CardParts(Struct):
    tags: list[Tag] = field(default_factory=list)
    companies: list[Ref] = field(default_factory=list)


class Contact(Struct, kw_only=True, rename=EMBEDDED):
    id: Id
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    responsible_user_id: int = 0
    group_id: int = 0
    created_by: int = 0
    updated_by: int = 0
    created_at: int
    updated_at: int
    closest_task_at: int | None = None
    is_deleted: bool = False
    is_unsorted: bool = False
    custom_fields_values: list[FieldValues] | None = None
    account_id: int = 0
    embedded: CardParts = field(default_factory=CardParts)


class Company(Struct, kw_only=True, rename=EMBEDDED):
    id: Id
    name: str = ""
    responsible_user_id: int = 0
    group_id: int = 0
    created_by: int = 0
    updated_by: int = 0
    created_at: int
    updated_at: int
    closest_task_at: int | None = None
    is_deleted: bool = False
    custom_fields_values: list[FieldValues] | None = None
    account_id: int = 0
    embedded: CardParts = field(default_factory=CardParts)


class TaskResult(Struct):
    text: str = ""


class Task(Struct, kw_only=True, gc=False):
    id: Id
    created_by: int = 0
    updated_by: int = 0
    created_at: int
    updated_at: int
    responsible_user_id: int = 0
    group_id: int = 0
    entity_id: int | None = None
    entity_type: str | None = None
    duration: int = 0
    is_completed: bool = False
    task_type_id: int = 1
    text: str = ""
    result: TaskResult | list[Any] = field(default_factory=list)
    complete_till: int
    account_id: int = 0


class Note(Struct, kw_only=True, gc=False):
    id: Id
    entity_id: Id
    created_by: int = 0
    updated_by: int = 0
    created_at: int
    updated_at: int
    responsible_user_id: int = 0
    group_id: int = 0
    note_type: str
    params: dict[str, Any] = field(default_factory=dict)
    account_id: int = 0
    is_pinned: bool = False
    entity_type: str = "leads"


class Event(Struct, kw_only=True, gc=False):
    """`value_*` stay encoded: a million of them fit in memory and go out untouched."""

    id: str
    type: str
    entity_id: int
    entity_type: str
    created_by: int
    created_at: int
    value_after: Raw
    value_before: Raw


class Chat(Struct, kw_only=True):
    """That a chat belongs to a contact; several may."""

    id: Id
    chat_id: str
    contact_id: Id


class Talk(Struct, kw_only=True):
    """One conversation in a chat, from the first message to its closing."""

    talk_id: Id
    created_at: int
    updated_at: int
    rate: int = 0
    contact_id: Id
    chat_id: str
    entity_id: int | None = None
    entity_type: str | None = None
    is_in_work: bool = True
    is_read: bool = True
    origin: str = ""
    missed_at: int | None = None
    account_id: int = 0


class UnsortedParts(Struct):
    contacts: list[Ref] = field(default_factory=list)
    leads: list[Ref] = field(default_factory=list)
    companies: list[Ref] = field(default_factory=list)


class Unsorted(Struct, kw_only=True, rename=EMBEDDED):
    uid: str
    source_uid: str | None = None
    source_name: str | None = None
    category: str = "forms"
    pipeline_id: int = 0
    created_at: int
    metadata: dict[str, Any] = field(default_factory=dict)
    account_id: int = 0
    embedded: UnsortedParts = field(default_factory=UnsortedParts)


class EventRow(Struct, kw_only=True, gc=False):
    """An event as it is read over the API and loaded from a file."""

    id: Annotated[str, Meta(min_length=1)]
    type: Annotated[str, Meta(min_length=1)]
    entity_id: int
    entity_type: str
    created_by: int = 0
    created_at: int
    value_after: list[Any] = field(default_factory=list)
    value_before: list[Any] = field(default_factory=list)


class Data(Struct, kw_only=True):
    """A whole account, in the shape that `--load` takes."""

    account: Account = field(default_factory=Account)
    users: list[User] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    pipelines: list[Pipeline] = field(default_factory=list)
    custom_fields: list[CustomField] = field(default_factory=list)
    loss_reasons: list[LossReason] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    unsorted: list[Unsorted] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
