"""Takes the README's pictures from a running `make run`, in Debian's Chromium.

    .venv/bin/python docs/screenshots/take.py [--url http://127.0.0.1:8000] [--out docs/screenshots] [--all | --story]

Without ``--all`` the first screens that the README shows; with it every page as every role. Both sizes, both themes.
``--story``: those of docs/story.md, wide and light.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SIZES = {"wide": (1440, 980), "phone": (390, 844)}
THEMES = ("light", "dark")


class Shot(NamedTuple):
    login: str
    path: str
    name: str


README = (
    Shot("director", "/desk/", "desk"),
    Shot("markova", "/my/", "my-month"),
    Shot("admin", "/regulations/8100001:70100102/", "regulation"),
)
TARGET, READY = "8100001:70100102", "8100001:70100107"
STORY = (
    Shot("director", "/desk/", "story-desk"),
    Shot("director", f"/deals/?stage={TARGET}&open=1&stuck=1&sort=since", "story-frozen"),
    Shot("director", f"/deals/?stage={READY}&open=1&stuck=1", "story-ready"),
    Shot("director", "/regulations/splits/", "story-split"),
    Shot("director", "/then-and-now/", "story-then-and-now"),
    Shot("director", "/losses/?day=2026-10-02", "story-mass-close"),
    Shot("director", "/waiting/", "story-waiting"),
)
EVERYTHING = (
    Shot("", "/login/", "login"),
    *README,
    Shot("director", "/deals/?stuck=1", "deals"),
    Shot("director", "/tasks/?overdue=1", "tasks"),
    Shot("director", "/findings/?state=open", "findings"),
    Shot("director", "/sync/", "sync"),
    Shot("director", "/team/", "team"),
    Shot("director", "/my/", "my-month-of-director"),
    Shot("admin", "/regulations/", "regulations"),
    Shot("admin", "/rules/", "rules"),
    Shot("admin", "/connect/", "connect"),
    Shot("admin", "/sync/import/", "import"),
    Shot("admin", "/admin/", "admin"),
    Shot("markova", "/deals/", "manager-deals"),
    Shot("markova", "/team/", "manager-team"),
)


def take(
    browser: Browser, url: str, shots: tuple[Shot, ...], out: Path, whole: bool, story: bool = False
) -> Iterator[Path]:
    for size, (width, height) in ({"wide": (1440, 1430)} if story else SIZES).items():
        for theme in THEMES[: 1 if story else None]:
            for login in dict.fromkeys(shot.login for shot in shots):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, locale="ru-RU"
                )
                page = context.new_page()
                if login:
                    sign_in(page, url, login)
                for shot in shots:
                    if shot.login == login:
                        file = out / (f"{shot.name}.png" if story else f"{shot.name}-{size}-{theme}.png")
                        page.goto(url + shot.path)
                        settle(page)
                        page.screenshot(path=file, full_page=whole and size == "wide")
                        yield file
                context.close()


def sign_in(page: Page, url: str, login: str) -> None:
    page.goto(f"{url}/login/")
    page.fill("input[name=username]", login)
    page.fill("input[name=password]", "demo")
    page.click("form[data-login] button[type=submit]")
    page.wait_for_url(lambda address: "/login/" not in address)


def settle(page: Page) -> None:
    """Blocks have loaded and charts are drawn; a page that polls never becomes idle, so wait for what is seen."""
    for _ in range(100):
        if not page.locator(".skeleton, .htmx-request").count():
            break
        page.wait_for_timeout(200)
    page.wait_for_timeout(1200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--story", action="store_true")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        shots = STORY if chosen.story else EVERYTHING if chosen.all else README
        for file in take(browser, chosen.url, shots, chosen.out, whole=chosen.all, story=chosen.story):
            print(file)
        browser.close()


if __name__ == "__main__":
    main()
