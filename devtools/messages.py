"""Translations without GNU gettext: `python -m devtools.messages COMMAND`.

    extract [--prune]  collect the msgids of code and templates into the Russian catalogue; translations stay;
                       texts that are gone wait as obsolete entries, --prune drops them
    add FILE.json      put translations in: {"Deal": "Сделка", "one|many": ["1", "2–4", "5+"]}
    check              list what is missing, untranslated, fuzzy, obsolete or of other placeholders; then exit 1
    compile            write django.mo, which Django reads

English is the source and needs no catalogue. Several people may run this at once: the catalogue is locked
and replaced whole.
"""

import ast
import fcntl
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from qc.rules.registry import why_and_fix

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/ru/LC_MESSAGES/django.po")
ROOMS = (
    "core",
    "audit",
    "pipelines",
    "timeline",
    "team",
    "access",
    "qc",
    "metrics",
    "kpi",
    "notices",
    "jobs",
    "web",
    "salesops",
    "devtools",
)
UNTRANSLATED = ("tests", "migrations", "styleguide.html")
# No dates and no authors: the file changes only when a text does. The plural rule is Babel's and CLDR's.
HEADER = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: ru\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

"""
FORMS = 3
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_noop": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdf]|\{\w*\}")

Key = tuple[str, str]  # msgid, context
String = str | list[str] | tuple[str, ...]  # a translation: one form, or the plural forms


def sources(root: Path) -> Iterator[Path]:
    """Code and templates whose texts people read."""
    files = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    files += [
        path
        for folder in (root, *(root / room for room in ROOMS))
        for path in (folder / "templates").rglob("*.*")
    ]
    return (path for path in sorted(files) if not set(UNTRANSLATED) & set(path.relative_to(root).parts))


def collect(root: Path) -> dict[Key, Message]:
    """Every msgid of the sources; one text used with and without a plural keeps the plural."""
    found: dict[Key, Message] = {}
    for path in sources(root):
        text = path.read_text("utf-8")
        if path.suffix != ".py":
            # Django turns a template into calls of gettext between filler, whose indentation is no Python.
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, msgid, _comments, context in extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
            message = Message(msgid, context=context)
            key = _key(message)
            if key not in found or message.pluralizable:
                found[key] = message
    for text in (*rule_texts(root), *kind_texts(root)):
        found.setdefault((text, ""), Message(text))
    return found


def rule_texts(root: Path) -> Iterator[str]:
    """Why and fix of every rule: they stand in docstrings, which are out of reach of extraction."""
    for path in sorted((root / "qc" / "rules").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _is_marked(node, "rule"):
                yield from why_and_fix(ast.get_docstring(node))


def kind_texts(root: Path) -> Iterator[str]:
    """Why every kind of notice is worth a message: docstrings as well."""
    for path in sorted((root / "notices" / "kinds").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _is_marked(node, "kind"):
                yield " ".join((ast.get_docstring(node) or "").split())


def _is_marked(node: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == name
        for one in node.decorator_list
    )


def read(root: Path) -> Catalog:
    path = root / CATALOGUE
    text = path.read_bytes() if path.exists() else HEADER.encode()
    return read_po(BytesIO(text), locale="ru")


def write(root: Path, catalogue: Catalog) -> None:
    out = BytesIO()
    write_po(out, catalogue, width=110, no_location=True, omit_header=True, sort_output=True)
    path = root / CATALOGUE
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(HEADER + out.getvalue().decode().strip() + "\n", "utf-8")
    draft.replace(path)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """One writer at a time; the lock is on the folder, so no lock file stays behind."""
    folder = (root / CATALOGUE).parent
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def merge(root: Path, prune: bool = False) -> int:
    """Bring the catalogue in line with the sources; gives the number of texts still without a translation."""
    with locked(root):
        old, fresh = read(root), Catalog(locale="ru")
        known = {_key(message): message for message in (*old.obsolete.values(), *_texts(old))}
        untranslated = 0
        for key, message in collect(root).items():
            kept = known.pop(key, None)
            string = _fitting(message, kept.string if kept else "")
            fresh.add(
                message.id,
                string,
                context=message.context,
                flags=(kept.flags if kept else set()) - {"python-format"},
            )
            untranslated += not _complete(string)
        if not prune:
            gone = [message for message in known.values() if _complete(message.string)]
            fresh.obsolete.update({fresh._key_for(message.id, message.context): message for message in gone})
        write(root, fresh)
    return untranslated


def add(root: Path, translations: dict[str, str | list[str]]) -> None:
    """Put translations in, new texts included.

    ValueError names the first entry that is not whole, and then nothing changes.
    """
    for msgid, string in translations.items():
        if ("|" in msgid) != isinstance(string, list) or not _complete(string):
            raise ValueError(f'{msgid!r}: write "text": "перевод" or "one|many": [three forms]')
        if isinstance(string, list) and len(string) != FORMS:
            raise ValueError(f"{msgid!r}: Russian has {FORMS} plural forms, not {len(string)}")
    with locked(root):
        catalogue = read(root)
        for msgid, string in translations.items():
            key = tuple(msgid.split("|", 1)) if isinstance(string, list) else msgid
            catalogue.delete(msgid.split("|", 1)[0] if isinstance(string, list) else msgid)
            catalogue.add(key, tuple(string) if isinstance(string, list) else string)
        write(root, catalogue)


def problems(root: Path) -> list[str]:
    """Everything that keeps the Russian pages from being whole, one sentence each."""
    catalogue, found = read(root), collect(root)
    known = {_key(message): message for message in _texts(catalogue)}
    lines = [f"missing (run extract): {key[0]!r}" for key in found if key not in known]
    for key, message in known.items():
        if key not in found:
            lines.append(f"obsolete (run extract --prune): {key[0]!r}")
        elif not _complete(_fitting(found[key], message.string)):
            lines.append(f"untranslated: {key[0]!r}")
        elif message.fuzzy:
            lines.append(f"fuzzy: {key[0]!r}")
        elif _strange(message):
            lines.append(f"placeholders differ: {key[0]!r}")
    gone = (_key(message)[0] for message in catalogue.obsolete.values())
    return lines + [f"obsolete (run extract --prune): {msgid!r}" for msgid in gone]


def compile_catalogue(root: Path) -> Path:
    target = (root / CATALOGUE).with_suffix(".mo")
    out = BytesIO()
    write_mo(out, read(root))
    draft = target.with_suffix(".draft-mo")
    draft.write_bytes(out.getvalue())
    draft.replace(target)
    return target


def _texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _key(message: Message) -> Key:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context or "")


def _complete(string: String | None) -> bool:
    return bool(string) and all(string or ())


def _fitting(message: Message, string: String | None) -> str | tuple[str, ...]:
    """The translation if it has the shape of the text (one form, or three), else empty."""
    if message.pluralizable:
        whole = isinstance(string, list | tuple) and len(string) == FORMS
        return tuple(string or ()) if whole else ("",) * FORMS
    return string if isinstance(string, str) else ""


def _strange(message: Message) -> bool:
    wanted = sorted(PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1]))
    forms = [message.string] if isinstance(message.string, str) else message.string or ()
    return any(sorted(PLACEHOLDER.findall(form)) != wanted for form in forms)


def main(arguments: list[str], root: Path = ROOT) -> int:
    match arguments:
        case ["extract", *rest] if rest in ([], ["--prune"]):
            print(f"{CATALOGUE}: {merge(root, prune=bool(rest))} texts without a translation")
        case ["add", file]:
            try:
                add(root, json.loads(Path(file).read_text("utf-8")))
            except (OSError, ValueError) as error:
                print(f"{file}: {error}", file=sys.stderr)
                return 1
        case ["check"]:
            found = problems(root)
            print("\n".join(found) or "Every text is translated.")
            return bool(found)
        case ["compile"]:
            compile_catalogue(root)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
