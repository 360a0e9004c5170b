"""Rows of what an account is made of (people, pipelines, dictionaries), in the API v4 read shape."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

Id = Annotated[int, Meta(ge=1)]
EMBEDDED: Final = {"embedded": "_embedded"}
WON: Final = 142
LOST: Final = 143
CLOSED: Final = (WON, LOST)
INCOMING: Final = 1
"""`type` of the status in which incoming leads («Неразобранное») stand."""


class Enum(Struct):
    id: Id
    value: str
    sort: int = 0
    code: str | None = None


class RequiredStatus(Struct):
    status_id: int
    pipeline_id: int


class CustomField(Struct, kw_only=True):
    id: Id
    name: str
    type: str
    account_id: int = 0
    code: str | None = None
    sort: int = 0
    is_api_only: bool = False
    enums: list[Enum] | None = None
    group_id: str | None = None
    required_statuses: list[RequiredStatus] | None = None
    is_deletable: bool = True
    is_predefined: bool = False
    entity_type: str = "leads"
    remind: str | None = None
    currency: str | None = None
    settings: Any = None
    hidden_statuses: list[Any] | UnsetType = UNSET
    chained_lists: list[Any] | UnsetType = UNSET
    tracking_callback: str | UnsetType = UNSET
    search_in: str | UnsetType = UNSET
    is_required: bool | UnsetType = UNSET
    is_visible: bool | UnsetType = UNSET


class FieldGroup(Struct, kw_only=True):
    id: str
    name: str
    is_predefined: bool = False
    type: str = "custom_field_group"
    entity_type: str = "leads"
    sort: int = 0


class LossReason(Struct, kw_only=True):
    id: Id
    name: str
    sort: int = 0
    created_at: int = 0
    updated_at: int = 0


class Status(Struct, kw_only=True):
    id: Id
    name: str
    sort: int = 0
    is_editable: bool = True
    pipeline_id: int = 0
    color: str = "#fffeb2"
    type: int = 0
    account_id: int = 0
    descriptions: list[dict[str, Any]] = field(default_factory=list)


class PipelineParts(Struct):
    statuses: list[Status] = field(default_factory=list)


class Pipeline(Struct, kw_only=True, rename=EMBEDDED):
    id: Id
    name: str
    sort: int = 0
    is_main: bool = False
    is_unsorted_on: bool = False
    is_archive: bool = False
    account_id: int = 0
    embedded: PipelineParts = field(default_factory=PipelineParts)

    @property
    def statuses(self) -> list[Status]:
        return self.embedded.statuses

    def status(self, status_id: int) -> Status | None:
        return next((status for status in self.statuses if status.id == status_id), None)


class Group(Struct):
    id: int
    name: str
    uuid: str | None = None


class RoleRef(Struct):
    id: Id
    name: str = ""


class UserParts(Struct):
    roles: list[RoleRef] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


def full_rights() -> dict[str, Any]:
    every = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}
    return {
        "leads": dict(every),
        "contacts": dict(every),
        "companies": dict(every),
        "tasks": {"edit": "A", "delete": "A"},
        "mail_access": False,
        "catalog_access": False,
        "files_access": False,
        "status_rights": None,
        "catalog_rights": None,
        "custom_fields_rights": None,
        "oper_day_reports_view_access": False,
        "oper_day_user_tracking": False,
        "is_admin": False,
        "is_free": False,
        "is_active": True,
        "group_id": None,
        "role_id": None,
    }


_OF_A_PERSON = ("is_admin", "is_free", "is_active", "group_id", "role_id")


def role_rights() -> dict[str, Any]:
    """What a role may, before anything is said of it: the rights without those that only a person has."""
    return {key: value for key, value in full_rights().items() if key not in _OF_A_PERSON}


class User(Struct, kw_only=True, rename=EMBEDDED):
    id: Id
    name: str
    email: str = ""
    lang: str = "ru"
    rights: dict[str, Any] = field(default_factory=full_rights)
    uuid: str | None = None
    amojo_id: str | None = None
    user_rank: str | None = None
    phone_number: str | None = None
    embedded: UserParts = field(default_factory=UserParts)

    @property
    def is_active(self) -> bool:
        return bool(self.rights.get("is_active", True))

    @property
    def is_admin(self) -> bool:
        return bool(self.rights.get("is_admin", False))

    @property
    def is_free(self) -> bool:
        return bool(self.rights.get("is_free", False))

    @property
    def group_id(self) -> int:
        return self.rights.get("group_id") or 0


class Role(Struct, kw_only=True):
    id: Id
    name: str
    rights: dict[str, Any] = field(default_factory=role_rights)


class Webhook(Struct, kw_only=True):
    id: Id
    destination: str
    created_at: int
    updated_at: int
    account_id: int
    created_by: int
    sort: int = 0
    disabled: bool = False
    settings: list[str] = field(default_factory=list)


class Source(Struct, kw_only=True):
    id: Id
    name: str
    pipeline_id: int = 0
    external_id: str = ""
    default: bool = False
    origin_code: str | None = None
    services: list[Any] = field(default_factory=list)


class TaskType(Struct, kw_only=True):
    id: Id
    name: str
    color: str | None = None
    icon_id: int | None = None
    code: str | None = None


class AccountParts(Struct):
    task_types: list[TaskType] = field(default_factory=list)
    users_groups: list[Group] = field(default_factory=list)
    datetime_settings: dict[str, Any] = field(default_factory=dict)


class Account(Struct, kw_only=True, rename=EMBEDDED):
    id: Id = 31000000
    name: str = "Sandbox"
    subdomain: str = "sandbox"
    created_at: int = 0
    created_by: int = 0
    updated_at: int = 0
    updated_by: int = 0
    current_user_id: int = 0
    country: str = "RU"
    currency: str = "RUB"
    currency_symbol: str | None = None
    customers_mode: str = "disabled"
    is_unsorted_on: bool = True
    mobile_feature_version: int = 0
    is_loss_reason_enabled: bool = True
    is_helpbot_enabled: bool = False
    is_technical_account: bool = False
    contact_name_display_order: int = 1
    amojo_id: str | None = None
    uuid: str | None = None
    version: int = 11
    drive_url: str = "https://drive-b.amocrm.ru"
    is_api_filter_enabled: bool = True
    embedded: AccountParts = field(default_factory=AccountParts)
