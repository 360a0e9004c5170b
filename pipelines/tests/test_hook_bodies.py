"""Every shape of a body by which amoCRM rings, and the items that it names."""

from typing import Any

import pytest

from pipelines.mirror.hooks import ids_of


def tree(**keys: Any) -> dict[str, Any]:
    """Keywords with __ between levels, as amoCRM's decoded bodies."""
    found: dict[str, Any] = {"account": {"id": "31", "subdomain": "demo"}}
    for name, value in keys.items():
        node = found
        *path, last = name.split("__")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return found


SHAPES = {
    "a new lead": (
        tree(leads__add__0__id="30052055", leads__add__0__name="Test lead"),
        {"deals": {30052055}},
    ),
    "several items": (tree(leads__update__0__id="1", leads__update__1__id="2"), {"deals": {1, 2}}),
    "several actions and entities": (
        tree(
            leads__status__0__id="1", leads__update__0__id="1", task__add__0__id="9", contacts__add__0__id="5"
        ),
        {"deals": {1}, "tasks": {9}, "contacts": {5}},
    ),
    "a deleted lead": (tree(leads__delete__0__id="3", leads__delete__0__status_id="142"), {"deals": {3}}),
    "one more numeric level": (tree(task__update__0__0__id="4"), {"tasks": {4}}),
    "a task on a lead": (
        tree(task__update__0__id="4", task__update__0__element_id="7", task__update__0__element_type="2"),
        {"tasks": {4}, "deals": {7}},
    ),
    "a task on a contact": (
        tree(task__update__0__id="4", task__update__0__element_id="7", task__update__0__element_type="1"),
        {"tasks": {4}},
    ),
    "a company under contacts": (tree(contacts__update__0__id="5", contacts__update__0__type="company"), {}),
    "a contact": (tree(contacts__update__0__id="5", contacts__update__0__type="contact"), {"contacts": {5}}),
    "a note of a lead": (
        tree(leads__note__0__note__id="1", leads__note__0__note__element_id="7"),
        {"notes": set()},
    ),
    "a note of a contact": (tree(contacts__note__0__note__id="1"), {"contact_notes": set()}),
    "a digital pipeline hook": (
        tree(leads__call_in__0__id="6", leads__call_in__0__status_id="1"),
        {"deals": {6}},
    ),
    "an incoming lead": (
        tree(unsorted__add__0__uid="f00", unsorted__add__0__data__leads__0__id="8"),
        {"deals": {8}},
    ),
    "an accepted lead": (
        tree(unsorted__delete__0__action="accept", unsorted__delete__0__accept_result__leads__0="8"),
        {"deals": {8}},
    ),
    "a declined lead": (tree(unsorted__delete__0__decline_result__leads__0="8"), {"deals": {8}}),
    "a message": (tree(message__add__0__id="uuid", message__add__0__text="x"), {"messages": set()}),
    "a customer": (tree(customers__add__0__id="8"), {}),
    "an id that is none": (
        tree(leads__add__0__id="8; drop table", leads__add__1__id="9" * 40),
        {"deals": set()},
    ),
    "nothing but the account": (tree(), {}),
    "values where branches should be": (
        {"leads": "x", "task": {"add": "y"}, "unsorted": {"add": {"0": {"data": "z"}}}},
        {},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_body_names_its_items(shape: str) -> None:
    data, ids = SHAPES[shape]
    assert ids_of(data) == ids
