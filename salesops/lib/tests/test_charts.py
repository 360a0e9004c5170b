import json
from datetime import date
from decimal import Decimal

from salesops.lib import charts
from salesops.lib.charts import Series


def test_bars_and_line_share_their_days_and_survive_json() -> None:
    figure = charts.bars_and_line(
        [date(2026, 11, 1), date(2026, 11, 2)],
        Series("Paid", [Decimal("10.5"), None], hrefs=["/deals/?day=1", "/deals/?day=2"]),
        Series("Plan", [7, 7], color="muted"),
    )
    bars, line = json.loads(json.dumps(figure))["data"]
    assert bars["x"] == line["x"] == ["2026-11-01", "2026-11-02"]
    assert bars["y"] == [10.5, None], "not known is a gap, not zero"
    assert bars["customdata"] == ["/deals/?day=1", "/deals/?day=2"]
    assert (line["line"]["color"], line["line"]["dash"]) == ("var(--muted)", "dot")
    assert figure["layout"]["xaxis"]["type"] == "date"


def test_one_series_needs_no_legend() -> None:
    assert charts.bars_and_line(["a"], Series("Paid", [1]))["layout"]["showlegend"] is False


def test_horizontal_bars_keep_the_order_from_top_to_bottom() -> None:
    figure = charts.horizontal_bars(["Zamer", "Dogovor"], Series("n", [3, 1], texts=["3", "1"]))
    assert figure["data"][0]["y"] == ["Zamer", "Dogovor"]
    assert figure["data"][0]["x"] == [3.0, 1.0]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_stacked_bars_have_a_trace_per_part() -> None:
    figure = charts.stacked_bars(
        ["Oct", "Nov"], [Series("Won", [1, 2], "chart-good"), Series("Lost", [3, 4])]
    )
    assert [trace["name"] for trace in figure["data"]] == ["Won", "Lost"]
    assert figure["data"][0]["marker"]["color"] == "var(--chart-good)"
    assert figure["layout"]["barmode"] == "stack"


def test_a_heat_map_shows_its_texts_and_leaves_unknown_cells_empty() -> None:
    trace = charts.heat_map(["Mon"], ["9:00", "10:00"], [[5, None]], [["5 min", ""]])["data"][0]
    assert trace["z"] == [[5.0, None]]
    assert trace["text"] == [["5 min", ""]]
