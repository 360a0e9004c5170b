"""`/users` and `/roles`."""

from typing import Any

from werkzeug import Response

from sandbox.account_rows import Role, RoleRef, User, role_rights
from sandbox.api import delete, get, patch, post
from sandbox.api.writes import items, need, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.paging import asked
from sandbox.problems import not_found
from sandbox.refused import NotFound, not_supported
from sandbox.state import plain

OPTIONAL = ("uuid", "amojo_id", "user_rank", "phone_number")


def _user(call: Call, user: User, listed: bool) -> dict[str, Any]:
    row = plain(user)
    for key in OPTIONAL:
        value = row.pop(key)
        if key in call.shown:
            row[key] = value
    row["_links"] = {"self": {"href": f"{call.root}/api/v4/users/{user.id}/{call.echo if listed else ''}"}}
    parts: dict[str, Any] = {}
    if "role" in call.shown:
        parts["roles"] = [
            {"id": role.id, "name": role.name, "_links": call.self_link(f"roles/{role.id}")}
            for role in user.embedded.roles
        ]
    if "group" in call.shown:
        groups = [one for one in call.world.account.embedded.users_groups if one.id == user.group_id]
        parts["groups"] = [{"id": group.id, "name": group.name} for group in groups]
    if parts:
        row["_embedded"] = parts
    return row


def _listed(call: Call, key: str, rows: list[Any], show: Any) -> Response:
    page = asked(call)
    shown = rows[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    return hal(
        {
            "_total_items": len(rows),
            "_page": page.number,
            "_page_count": -(-len(rows) // page.limit),
            "_links": page.links(call, page.start + page.limit < len(rows)),
            "_embedded": {key: [show(row) for row in shown]},
        }
    )


def list_users(call: Call) -> Response:
    call.require_admin()
    rows = sorted(call.world.users.values(), key=lambda user: user.id)
    return _listed(call, "users", rows, lambda user: _user(call, user, listed=True))


def show_user(call: Call, row_id: int) -> Response:
    call.require_admin()
    user = call.world.users.get(row_id)
    if user is None:
        raise not_found()
    return hal(_user(call, user, listed=False))


def add_users(call: Call) -> Response:
    call.require_admin()

    def write(item: dict[str, Any]) -> User:
        need(item, "name", "email")
        if any(user.email == item["email"] for user in call.world.users.values()):
            raise not_supported("email")
        rights = _given(item)
        role = _role_of(call, rights)
        user = call.world.create_user(
            name=item["name"],
            email=item["email"],
            lang=item.get("lang") or "ru",
            group_id=_group_of(call, rights),
        )
        user.rights.update(role.rights if role else {})
        user.rights.update(rights)
        user.embedded.roles = [RoleRef(role.id, role.name)] if role else []
        return user

    done = write_all(items(call, most=10), write)
    rows = [{**_user(call, user, listed=False), "request_id": request_id} for request_id, user in done]
    return hal({"_total_items": len(rows), "_embedded": {"users": rows}}, 201)


def _given(item: dict[str, Any]) -> dict[str, Any]:
    """The rights that an item names; clients write null for those that they leave alone."""
    return {key: value for key, value in (item.get("rights") or {}).items() if value is not None}


def _role_of(call: Call, rights: dict[str, Any]) -> Role | None:
    if "role_id" in rights and rights["role_id"] not in call.world.roles:
        raise not_supported("rights.role_id")
    return call.world.roles.get(rights.get("role_id", 0))


def _group_of(call: Call, rights: dict[str, Any]) -> int:
    group_id: int = rights.get("group_id", 0)
    if group_id not in {group.id for group in call.world.account.embedded.users_groups}:
        raise not_supported("rights.group_id")
    return group_id


def switch_users(call: Call, active: bool) -> Response:
    call.require_admin()

    def write(item: dict[str, Any]) -> None:
        need(item, "id")
        verb = call.world.activate_user if active else call.world.deactivate_user
        try:
            verb(user_id=item["id"])
        except NotFound:
            raise not_supported("id") from None

    write_all(items(call, most=10), write)
    return nothing()


def activate_users(call: Call) -> Response:
    return switch_users(call, active=True)


def deactivate_users(call: Call) -> Response:
    return switch_users(call, active=False)


def _role(call: Call, role: Role) -> dict[str, Any]:
    row = {**plain(role), "_links": call.self_link(f"roles/{role.id}")}
    if "users" in call.shown:
        users = call.world.users.values()
        holders = [user.id for user in users if role.id in {ref.id for ref in user.embedded.roles}]
        row["_embedded"] = {"users": holders}
    return row


def list_roles(call: Call) -> Response:
    call.require_admin()
    return _listed(call, "roles", list(call.world.roles.values()), lambda role: _role(call, role))


def _found(call: Call, row_id: int) -> Role:
    call.require_admin()
    if row_id not in call.world.roles:
        raise not_found()
    return call.world.roles[row_id]


def show_role(call: Call, row_id: int) -> Response:
    return hal(_role(call, _found(call, row_id)))


def add_roles(call: Call) -> Response:
    call.require_admin()

    def write(item: dict[str, Any]) -> Role:
        need(item, "name")
        role_id = call.world.next_id("roles", call.world.roles)
        role = Role(id=role_id, name=item["name"], rights={**role_rights(), **_given(item)})
        call.world.roles[role_id] = role
        return role

    done = write_all(items(call), write)
    rows = [{**_role(call, role), "request_id": request_id} for request_id, role in done]
    return hal({"_total_items": len(rows), "_embedded": {"roles": rows}}, 201)


def change_role(call: Call, row_id: int) -> Response:
    role, item = _found(call, row_id), single(call)
    role.name = item.get("name") or role.name
    role.rights.update(_given(item))
    return hal(_role(call, role), 202)


def drop_role(call: Call, row_id: int) -> Response:
    del call.world.roles[_found(call, row_id).id]
    return nothing()


RULES = [
    get("users", list_users),
    post("users", add_users),
    post("users/activate", activate_users),
    post("users/deactivate", deactivate_users),
    get("users/<int:row_id>", show_user),
    get("roles", list_roles),
    post("roles", add_roles),
    get("roles/<int:row_id>", show_role),
    patch("roles/<int:row_id>", change_role),
    delete("roles/<int:row_id>", drop_role),
]
