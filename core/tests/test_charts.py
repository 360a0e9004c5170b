import json
from datetime import date
from decimal import Decimal

from core import charts
from core.charts import Series


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


def test_the_known_bars_are_told_in_words_with_their_links() -> None:
    bars = Series("Won", [5, None, 0], texts=["5 ₽", "—", "0 ₽"], hrefs=["/a", "/b", "/c"])
    assert charts.words(charts.bars_and_line(["1", "2", "3"], bars)) == [("5 ₽", "/a"), ("0 ₽", "/c")]
    assert charts.words(charts.bars_and_line(["1"], Series("n", [1], texts=["one"]))) == [("one", "")]
