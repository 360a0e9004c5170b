"""A figure of ours beside one of bpi2012-analytics.json, and which of theirs nothing has looked at."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

PIPELINE = 8001
ROBOT = 112
JITTER = 1e-7  # lifelines puts ties apart by chance
ALL_TIME = {"from": "2011-01-01", "to": "2012-04-01"}
Ask = Callable[..., Any]


class Comparison:
    """Counts what it compares, and collects what differs by more than 1e-9 (of one, or of the figure where larger)."""

    def __init__(self) -> None:
        self.compared = 0
        self.wrong: list[str] = []
        self.unread: list[str] = []

    def equal(self, what: str, ours: Any, theirs: Any) -> None:
        self.compared += 1
        if theirs is None or ours is None or isinstance(theirs, str | bool):
            same = ours == theirs
        else:
            same = abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs))
        if not same:
            self.wrong.append(f"{what}: {ours} instead of {theirs}")

    def spread(
        self, what: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], names: str = "n mean p50 p75 p90"
    ) -> None:
        """A table of {n, mean_s, mean_days, …} against our {n, mean, median, …} in days."""
        for name in names.split():
            mine = ours["median" if name == "p50" else name]
            if name == "n":
                self.equal(f"{what}.n", mine, theirs["n"])
                continue
            if f"{name}_s" in theirs:
                told = theirs[f"{name}_s"]
                self.equal(f"{what}.{name}", mine, None if told is None else told / 86_400)
            if f"{name}_days" in theirs:
                self.equal(f"{what}.{name} in days", mine, theirs[f"{name}_days"])

    def near(self, what: str, ours: float, theirs: float, within: float) -> None:
        """Another program's answer, which is less exact by so much."""
        self.compared += 1
        if abs(ours - theirs) > within:
            self.wrong.append(f"{what}: {ours} is not within {within} of {theirs}")


def key(stage: int) -> str:
    return f"{PIPELINE}:{stage}"


def stages_of(ask: Ask, told: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    rows = {row["stage"]: row for row in ask("stage-times")["rows"]}
    for row in told["1_stage_visits"]:
        yield rows[key(row["stage"])], row


class Told(dict[str, Any]):
    """The file's tables, which remember which of their figures were looked at."""

    def __init__(self, values: Mapping[str, Any], path: str, seen: set[str]) -> None:
        self.path, self.seen = path, seen
        super().__init__({name: told(value, f"{path}/{name}", seen) for name, value in values.items()})

    def __getitem__(self, name: str) -> Any:
        self.seen.add(f"{self.path}/{name}")
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - it has to pass by the other door

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def values(self) -> Any:
        return [self[name] for name in self]


def told(value: Any, path: str, seen: set[str]) -> Any:
    if isinstance(value, dict):
        return Told(value, path, seen)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [told(one, f"{path}/{place}", seen) for place, one in enumerate(value)]
    return value


def list_figures(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all numbers, lists of numbers and nulls; texts are no figures."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from list_figures(one, f"{path}/{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, one in enumerate(value):
            yield from list_figures(one, f"{path}/{place}")
    elif not isinstance(value, str):
        yield path
