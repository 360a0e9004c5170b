"""What a pay scheme promises: a sentence for each component, before any number of the month is known."""

from collections.abc import Iterator
from dataclasses import dataclass

from kpi.pay_schemes import PayScheme
from kpi.sentences import choose_title, say


@dataclass(frozen=True)
class Promise:
    """``kind`` is the component's, for an icon."""

    code: str
    kind: str
    title: str
    text: str


def list_promises(scheme: PayScheme) -> Iterator[Promise]:
    """In the order of the scheme, in the reader's language."""
    for component in scheme.components:
        title = choose_title(scheme.titles[component.code])
        yield Promise(component.code, component.kind, title, say(component.promise(), scheme.titles))
