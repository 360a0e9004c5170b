"""Pages as a person meets them, in a real Chromium: no script error, no refused style, no sideways scroll.

Skipped where Debian's Chromium is not installed; `make test` must pass on a bare machine.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from devtools.tests import factory
from pipelines.models import Deal, Stage
from qc.rules import OWNER
from team.models import Role

CHROMIUM = shutil.which("chromium")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine")
pytestmark = [in_browser, pytest.mark.django_db(transaction=True)]
PAGES = {
    Role.DIRECTOR: [
        "/desk/",
        "/deals/",
        "/tasks/",
        "/findings/",
        "/sync/",
        "/team/",
        "/regulations/",
        "/rules/",
        "/my/",
    ],
    Role.MANAGER: ["/my/", "/deals/", "/tasks/", "/findings/", "/team/", "/regulations/", "/rules/"],
    Role.ADMIN: ["/regulations/{stage}/", "/deals/{deal}/", "/rules/"],
}
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Any]:
    """One for all tests of a module: to start it takes a second of a processor. Each page has cookies of its own."""
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # the browser's loop runs in this thread, beside plain queries
    )
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()
        connections.close_all()  # those of the browser's loop, which nobody else can reach
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def company() -> dict[str, Any]:
    call_command("vendor_static", verbosity=0)
    settings.SESSION_COOKIE_SECURE = False
    person = factory.make_person("Константин Константинопольский-Преображенский")
    stage = factory.make_stage(
        factory.make_pipeline("Продажи и сервис"), "Квалификация проведена и согласована"
    )
    deal = factory.make_deal(stage, person, name="Восстановление задней пневмостойки Mercedes-Benz GLS X166")
    factory.make_task(deal)
    factory.make_finding(deal)
    factory.make_regulation(
        stage,
        goal="Получить решение: оплата или дата возврата",
        max_stay=timedelta(hours=20),
        stay_clock=OWNER,
    )
    for role in PAGES:
        employee = factory.make_employee(role, person if role == Role.MANAGER else None, username=str(role))
        employee.set_password(PASSWORD)
        employee.save()
    return {"stage": stage.pk, "deal": deal.pk}


def sign_in(page: Any, url: str, role: Role) -> None:
    page.goto(f"{url}/login/")
    page.fill("input[name=username]", str(role))
    page.fill("input[name=password]", PASSWORD)
    page.click("form[data-login] button[type=submit]")
    page.wait_for_url(lambda address: "/login/" not in address)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("role", list(PAGES))
def test_pages_stand_in_a_browser(
    role: Role, width: int, browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if width < 500 else "light"
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_server.url, role)
    for path in PAGES[role]:
        page.goto(live_server.url + path.format(**company))
        for _ in range(50):
            awaited = page.locator(".skeleton:visible")
            if not awaited.count():
                break
            # Lower blocks come when somebody looks at them; those that a phone leaves out never do.
            page.evaluate(
                "() => [...document.querySelectorAll('.skeleton')].find(e => e.offsetParent)?.scrollIntoView()"
            )
            page.wait_for_timeout(100)
        assert awaited.count() == 0, f"{path}: a block never came"
        sideways = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{path} scrolls sideways by {sideways} px at {width} px"
        assert complaints == [], path
    context.close()


def refresh(page: Any) -> None:
    """What the pulse says when something is new; comes back with the answer."""
    with page.expect_response(lambda answer: "x-seen" in answer.request.headers):
        page.evaluate("() => htmx.trigger(document.body, 'fresh')")
    page.wait_for_timeout(200)  # the swap settles


def test_a_list_that_draws_itself_anew_keeps_the_readers_place(
    browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    stage = Stage.objects.get(pk=company["stage"])
    for number in range(3):
        factory.make_deal(stage, name=f"Сделка {number}")
    page = browser.new_page()
    sign_in(page, live_server.url, Role.DIRECTOR)
    page.goto(f"{live_server.url}/deals/?sort=name")
    page.wait_for_function("() => window.htmx")
    place = "() => [document.querySelector('.current').innerText, document.activeElement.innerText]"
    for _ in range(3):
        page.keyboard.press("j")
    before = page.evaluate(place)
    page.evaluate("() => { document.querySelector('#rows').marked = true; }")
    refresh(page)
    assert page.evaluate("() => document.querySelector('#rows').marked"), "nothing was new"
    factory.make_deal(stage, name="А это новая")
    refresh(page)
    assert page.locator("#rows", has_text="А это новая").count() == 1
    assert page.evaluate(place) == before
    page.close()


def test_findings_of_a_deal_that_are_drawn_anew_stay_open(
    browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    page = browser.new_page()
    sign_in(page, live_server.url, Role.DIRECTOR)
    page.goto(f"{live_server.url}/deals/{company['deal']}/")
    page.locator(".finding details summary").first.click()
    factory.make_finding(Deal.objects.get(pk=company["deal"]), "task.none")
    refresh(page)
    assert page.locator(".finding").count() == 2
    assert page.locator(".finding details[open]").count() >= 1
    page.close()


def test_a_block_that_cannot_be_loaded_says_so_and_can_be_tried_again(
    browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    page = browser.new_page()
    sign_in(page, live_server.url, Role.DIRECTOR)
    page.route("**/desk/stuck/**", lambda route: route.abort())
    page.route("**/desk/pulse/**", lambda route: route.abort())
    page.goto(f"{live_server.url}/desk/")
    page.locator("#block-stuck").scroll_into_view_if_needed()
    again = page.locator("#block-stuck [data-retry]")
    again.wait_for()
    page.wait_for_timeout(2500)
    assert page.locator(".toasts .alert").count() == 0, "what asks by itself fails silently"
    page.unroute("**/desk/stuck/**")
    again.click()
    page.locator("#block-stuck h2").wait_for()
    assert page.locator("#block-stuck .alert").count() == 0
    page.close()


def test_filters_keep_the_order_that_was_chosen(
    browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    page = browser.new_page()
    sign_in(page, live_server.url, Role.DIRECTOR)
    page.goto(f"{live_server.url}/deals/")
    page.click("#sort-price")
    page.wait_for_url("**sort=-price**")
    page.select_option("select[name=stage]", company["stage"])
    page.wait_for_url("**stage=**")
    assert "sort=-price" in page.url
    assert page.locator("th[aria-sort=descending] #sort-price").count() == 1
    page.close()


def test_a_refused_form_shows_again_what_was_typed(
    browser: Any, company: dict[str, Any], live_server: Any
) -> None:
    page = browser.new_page()
    sign_in(page, live_server.url, Role.ADMIN)
    page.goto(f"{live_server.url}/rules/")
    reason = page.locator("details form input[name=reason]")
    page.locator("details:has(input[name=reason]) > summary").click()
    page.fill("input[name=since_on]", "2026-11-20")
    page.fill("input[name=until_on]", "2026-11-02")
    reason.fill("инвентаризация «склада»")
    reason.press("Enter")
    page.locator(".toasts .alert.bad").wait_for()
    assert reason.is_visible(), "the form stands open"
    assert reason.input_value() == "инвентаризация «склада»"
    assert page.input_value("input[name=until_on]") == "2026-11-02"
    page.reload()
    assert reason.input_value() == "", "shown once"
    page.close()
