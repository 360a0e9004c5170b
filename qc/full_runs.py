"""By what everything was judged last: a full load, and whoever demands everything, leave it here."""

from core import moment
from qc import criteria
from qc.models import FullRun


def stamp_terms() -> str:
    """A checksum of norms, modes, rotas, people: of all that is judged by now."""
    return "/".join(map(str, criteria.stamp()))


def is_judged_by(terms: str) -> bool:
    return FullRun.objects.filter(stamp=terms).exists()


def note_run(terms: str) -> None:
    """Everything has been judged by these, or is demanded to be."""
    FullRun.objects.update_or_create(id=1, defaults={"stamp": terms, "finished_at": moment.now()})
