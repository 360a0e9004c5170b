from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sandbox.table import Query, Table


@dataclass
class Row:
    id: int
    changed: int
    owner: int
    hidden: bool = False


rows = st.builds(
    Row,
    id=st.integers(1, 12),
    changed=st.integers(0, 5),
    owner=st.integers(0, 2),
    hidden=st.booleans(),
)


@given(
    st.lists(rows, max_size=25),
    st.sets(st.integers(1, 12), max_size=4),
    st.sampled_from(["id", "changed"]),
    st.booleans(),
    st.integers(0, 5) | st.none(),
    st.integers(0, 5) | st.none(),
    st.integers(0, 2) | st.none(),
    st.integers(0, 8),
)
def test_a_page_is_what_sorting_everything_would_give(
    puts: list[Row],
    gone: set[int],
    order: str,
    descending: bool,
    low: int | None,
    high: int | None,
    owner: int | None,
    start: int,
) -> None:
    table: Table[Row] = Table(
        ("id", "changed"), {"owner": lambda row: [row.owner]}, visible=lambda row: not row.hidden
    )
    for row in puts:
        table.put(row)
    for row_id in gone:
        table.remove(row_id)
    held = {row.id: row for row in puts if row.id not in gone}
    tests = [] if owner is None else [lambda row: row.owner == owner]
    spans: dict[str, tuple[float | None, float | None]] = {"changed": (low, high)}
    if low is None and high is None:
        spans = {}
    query = Query(order=order, descending=descending, spans=spans, tests=tests)
    wanted = [
        row
        for row in held.values()
        if not row.hidden
        and (low is None or row.changed >= low)
        and (high is None or row.changed <= high)
        and (owner is None or row.owner == owner)
    ]
    wanted.sort(key=lambda row: (getattr(row, order), row.id), reverse=descending)
    assert table.page(query, start, 3, key="q") == wanted[start : start + 3]
    assert table.page(query, start, 3, key="q") == wanted[start : start + 3]
    assert table.group("owner", 1) == sorted(row.id for row in held.values() if row.owner == 1)
