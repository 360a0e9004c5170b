import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import lucide
import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.forms import BooleanField, CharField, Form
from django.template import Context, Engine, Template
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.utils import translation

from core import charts
from web.management.commands.vendor_static import FILES, vendor
from web.templatetags import ui
from web.tests.styleguide import sample

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.fixture
def style_guide() -> str:
    request = RequestFactory().get("/", {"department": "1"})
    with translation.override("ru"):
        return render_to_string("parts/styleguide.html", sample(), request)


def test_the_style_guide_renders_every_component(style_guide: str) -> None:
    for name in ("kpi", "pill", "ribbon", "scale", "heat", "timeline", "feed", "why", "hypothesis", "locked"):
        assert re.search(rf'class="[^"]*\b{name}\b', style_guide), name
    assert "6\xa0918\xa0700\xa0₽" in style_guide


def test_nothing_breaks_the_content_security_policy(style_guide: str) -> None:
    assert not re.search(r'\sstyle="', style_guide)
    assert not re.search(r"\son\w+=", style_guide)
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", style_guide)
    assert inline and all('type="application/json"' in attributes for attributes in inline)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_carries_inline_code_or_styles(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r'\sstyle=|\son[a-z]+="|hx-on|javascript:', text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_icon_named_in_a_template_exists(template: Path) -> None:
    names = re.findall(r"{%\s*icon\s+\"([\w-]+)\"", template.read_text())
    names += re.findall(r"\bicon=\"([\w-]+)\"", template.read_text())
    for name in names:
        assert ui.icon(name).startswith("<svg")


@pytest.mark.parametrize("name", ["check", "layers", "handshake", "chart-no-axes-combined"])
def test_an_icon_is_what_its_package_draws(name: str) -> None:
    drawn = lucide._render_icon(name, 18, **{"class": "icon", "aria-hidden": "true"})
    assert ui.icon(name).split() == drawn.split()


def test_an_icon_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(lucide.IconDoesNotExist):
        draw('{% icon "no-such-icon" %}')


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_can_be_parsed(template: Path) -> None:
    Engine.get_default().get_template(str(template.relative_to(settings.BASE_DIR / "templates")))


def test_a_status_has_a_colour_an_icon_and_a_word() -> None:
    html = draw('{% pill "bad" "Risk" %}')
    assert 'class="pill bad"' in html and "<svg" in html and "Risk" in html


def test_texts_of_people_are_escaped() -> None:
    html = draw("{% pill 'good' text %}{% bar 5 10 text %}{% avatar text %}", text="<b>x")
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("value", "maximum", "width"), [(61, 100, "61.0"), (5, 0, "0.0"), (-3, 10, "0.0"), (30, 10, "100.0")]
)
def test_a_bar_stays_inside_its_cell(value: int, maximum: int, width: str) -> None:
    assert f'width="{width}%"' in draw("{% bar value maximum %}", value=value, maximum=maximum)


def test_an_unknown_bar_shows_a_dash() -> None:
    assert "—" in draw("{% bar value %}", value=None)


@pytest.mark.parametrize(
    ("share", "level"), [(None, 0), (0, 0), (0.01, 1), (0.5, 3), (0.99, 5), (1, 5), (1.7, 5)]
)
def test_heat_has_five_levels(share: float | None, level: int) -> None:
    assert ui.heat(share) == f"heat-{level}"


def test_a_ribbon_is_as_long_as_its_time_and_a_minute_stays_visible() -> None:
    segments = [
        {"name": "A", "seconds": 60, "text": "1 min"},
        {"name": "B", "seconds": 864_000, "text": "10 d"},
    ]
    widths = [
        float(width) for width in re.findall(r'width="([\d.]+)%"', draw("{% ribbon s 'x' %}", s=segments))
    ]
    assert widths[0] > 1
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_a_ribbon_without_stages_is_empty() -> None:
    assert "<rect" not in draw("{% ribbon s 'x' %}", s=[])


def test_a_scale_holds_its_ticks_and_the_pace() -> None:
    html = draw("{% scale 50 ticks pace=200 pace_label='pace' %}", ticks=[(100, "low"), (40, "reached tier")])
    places = [float(place) for place in re.findall(r'x1?="([\d.]+)%"', html)]
    assert places and max(places) < 100
    assert 'class="reached"' in html and "low" in html and "pace" in html


@pytest.mark.parametrize(("language", "shown"), [("ru", "6 918 700 ₽"), ("en", "6,918,700 ₽")])
def test_filters_speak_the_readers_language(language: str, shown: str) -> None:
    with translation.override(language):
        assert draw("{{ value|money }}", value=6918700).replace("\xa0", " ") == shown


@override_settings(TIME_ZONE="Europe/Moscow")
def test_moments_are_shown_in_the_readers_zone() -> None:
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    with translation.override("ru"):
        assert draw("{{ m|clock }} {{ m|day }}", m=late).replace("\xa0", " ") == "01:30 21 нояб."


def test_a_field_shows_its_label_help_and_errors() -> None:
    class Sample(Form):
        name = CharField(label="Name", help_text="As in the passport")
        agree = BooleanField(label="Agree")

    html = render_to_string("parts/form.html", {"form": Sample({})})
    assert html.count('class="error"') == 2 and "As in the passport" in html
    assert re.search(r'aria-describedby="[^"]*id_name_error', html) and 'id="id_name_error"' in html
    assert re.search(r'<label class="check"><input type="checkbox"', html)


def test_messages_appear_as_toasts() -> None:
    html = render_to_string("parts/messages.html", {"messages": [Message(40, "It <broke>")]})
    assert "alert bad" in html and "It &lt;broke&gt;" in html


@pytest.mark.parametrize(("state", "icons"), [("ok", 0), ("stale", 1), ("critical", 1)])
def test_the_freshness_stamp_shows_its_state_with_an_icon_when_it_is_not_good(state: str, icons: int) -> None:
    html = render_to_string("parts/freshness.html", {"freshness": sample()["freshness"] | {"state": state}})
    assert f"freshness {state}" in html and html.count("<svg") == icons


def test_nothing_loaded_yet_is_said_in_words() -> None:
    with translation.override("en"):
        html = render_to_string("parts/freshness.html", {"freshness": {"as_of": None, "state": "critical"}})
    assert "not loaded yet" in html


def test_third_party_files_are_copied_once(tmp_path: Path) -> None:
    assert vendor(tmp_path) == [name for _, _, name in FILES]
    assert vendor(tmp_path) == []
    (tmp_path / "htmx.min.js").write_text("cut")
    assert vendor(tmp_path) == ["htmx.min.js"]


def test_a_first_visit_costs_at_most_300_kb_over_the_wire_before_charts(tmp_path: Path) -> None:
    vendor(tmp_path)
    own = [path for kind in ("css", "js", "img") for path in (settings.BASE_DIR / "static" / kind).iterdir()]
    foreign = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "plotly.min.js"]
    page = 30_000  # the heaviest page itself, packed
    assert page + sum(_packed(path) for path in own + foreign) < 300_000


def _packed(path: Path) -> int:
    return path.stat().st_size if path.suffix == ".woff2" else len(gzip.compress(path.read_bytes()))


def test_a_way_back_links_addresses_and_routes_and_leaves_out_what_is_not_known() -> None:
    html = draw('{% crumbs "Deals" "deals" "Card" "/deals/7/" "Here" "" name "deals" %}', name=None)
    assert re.findall(r'href="([^"]+)"', html) == ["/deals/", "/deals/7/"]
    assert html.count("<li>") == 3


def test_the_numbers_of_a_chart_are_links_below_it() -> None:
    series = charts.Series("Won", [5, None], texts=["5 <b>", "none"], hrefs=["/deals/", "/tasks/"])
    html = draw('{% chart figure "won" "Won by day" %}', figure=charts.bars_and_line(["1", "2"], series))
    assert '<a href="/deals/">5 &lt;b&gt;</a>' in html
    assert "/tasks/" not in html.partition("<details")[2]


def test_the_last_day_of_a_half_open_span_is_the_one_before_its_end() -> None:
    with translation.override("ru"):
        midnight, noon = datetime(2026, 11, 8, 21, tzinfo=UTC), datetime(2026, 11, 9, 9, tzinfo=UTC)  # Moscow
        told = [ui.day(ui.just_before(one)) for one in (midnight, noon, None)]
    assert told == ["8\N{NO-BREAK SPACE}нояб.", "9\N{NO-BREAK SPACE}нояб.", "—"]
