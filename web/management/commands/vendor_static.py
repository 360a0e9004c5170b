"""`manage.py vendor_static`: third-party front-end files, out of installed packages into static/vendor."""

from importlib.util import find_spec
from pathlib import Path
from shutil import copy2

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# Package, path inside it, name in static/vendor. Two weights of Inter keep the first page light.
FILES = (
    ("plotly", "package_data/plotly.min.js", "plotly.min.js"),
    ("django_htmx", "static/django_htmx/htmx-2.min.js", "htmx.min.js"),
    ("unfold", "static/unfold/fonts/inter/Inter-Regular.woff2", "inter/Inter-Regular.woff2"),
    ("unfold", "static/unfold/fonts/inter/Inter-SemiBold.woff2", "inter/Inter-SemiBold.woff2"),
)


class Command(BaseCommand):
    help = "Copy plotly, htmx and Inter from the installed packages into static/vendor."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        copied = vendor(settings.BASE_DIR / "static" / "vendor")
        if copied:
            self.stdout.write(f"static/vendor: {', '.join(copied)}")


def vendor(folder: Path) -> list[str]:
    """Copy what is missing or differs in size or age; gives the names copied.

    CommandError when a package is missing or lacks a file.
    """
    copied = []
    for package, inside, name in FILES:
        source, target = _package_dir(package) / inside, folder / name
        if not source.is_file():
            raise CommandError(
                f"The package {package} has no file {inside}; update FILES in vendor_static.py."
            )
        if target.is_file() and _print(target) == _print(source):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        copy2(source, target)  # keeps the time, by which the next run knows the file
        copied.append(name)
    return copied


def _print(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, int(stat.st_mtime)


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CommandError(f"The package {package} is not installed; run make setup.")
    return Path(spec.origin).parent
