"""What a browser calls itself, in two words that a person knows."""

import re

from django.utils.translation import gettext as _

BROWSERS = (
    ("YaBrowser", "Yandex Browser"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def name_device(said: str) -> str:
    words = [
        next((name for sign, name in known if re.search(sign, said)), "") for known in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(filter(None, words)) or said[:40] or _("unknown device")
