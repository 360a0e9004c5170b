"""Pages as a person meets them, in a real Chromium: no script error, no refused style, no sideways scroll.

Skipped where Debian's Chromium is not installed; `make test` must pass on a bare machine.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from salesops.tests import factory
from team.models import Role

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine"),
    pytest.mark.django_db(transaction=True),
]
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


@pytest.fixture
def browser() -> Iterator[Any]:
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
    factory.make_regulation(stage, goal="Получить решение: оплата или дата возврата")
    for role in PAGES:
        employee = factory.make_employee(role, person if role == Role.MANAGER else None, username=str(role))
        employee.set_password(PASSWORD)
        employee.save()
    return {"stage": stage.pk, "deal": deal.pk}


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
    page.goto(f"{live_server.url}/login/")
    page.fill("input[name=username]", str(role))
    page.fill("input[name=password]", PASSWORD)
    page.click("form[data-login] button[type=submit]")
    page.wait_for_url(lambda address: "/login/" not in address)
    for path in PAGES[role]:
        page.goto(live_server.url + path.format(**company))
        for _ in range(50):
            if not page.locator(".skeleton").count():
                break
            page.wait_for_timeout(100)
        assert page.locator(".skeleton").count() == 0, f"{path}: a block never came"
        sideways = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{path} scrolls sideways by {sideways} px at {width} px"
        assert complaints == [], path
    context.close()
