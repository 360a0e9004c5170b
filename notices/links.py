"""Addresses that stand in messages. People keep those for years, so these are a promise; a test of pages holds it."""

from django.conf import settings

from core import account


def of_deal(deal: int) -> str:
    return f"{settings.PORTAL_URL}/deals/{deal}/"


def of_deal_in_amo(deal: int) -> str:
    """Empty before amoCRM is connected."""
    base = account.own().address
    return f"{base}/leads/detail/{deal}" if base else ""


def of_decision(decision: int) -> str:
    return f"{settings.PORTAL_URL}/decisions/{decision}/"


def of_alerts(week: str) -> str:
    """Alerts of the week that begins on this day."""
    return f"{settings.PORTAL_URL}/alerts/?week={week}"


def of_report(number: int) -> str:
    return f"{settings.PORTAL_URL}/reports/{number}/"


def of_month() -> str:
    return f"{settings.PORTAL_URL}/my/"


def of_bell() -> str:
    return f"{settings.PORTAL_URL}/notices/"


def of_settings() -> str:
    return f"{settings.PORTAL_URL}/notices/settings/"


def of_sync() -> str:
    return f"{settings.PORTAL_URL}/sync/"


def of_tasks() -> str:
    return f"{settings.PORTAL_URL}/tasks/"


def of_bot(name: str, code: str, *, group: bool = False) -> str:
    """The link that starts a talk with the bot; where the API is not Telegram's own, its host plays the app, too."""
    where = "https://t.me" if "api.telegram.org" in settings.TELEGRAM_API_URL else settings.TELEGRAM_API_URL
    return f"{where.rstrip('/')}/{name}?{'startgroup' if group else 'start'}={code}"
