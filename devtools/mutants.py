"""`make mutants`: break the rooms that think, one small place at a time, and see whether a test notices.

    python -m devtools.mutants [--each 15] [--seed 1] [--lanes 2] [NAME …]

Draws ``--each`` mutants a module (0: all), the same ones for the same seed. No file is touched: a process is forked for
each mutant, and the code of the one function is replaced in it. Only what stands inside functions is broken.
"""

import argparse
import ast
import contextlib
import copy
import gc
import importlib
import itertools
import os
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.main import pytest_runtestloop

PROJECT = Path(__file__).resolve().parents[1]
# modules → the tests that must notice, the quickest first
ROOMS = {
    "core/spans.py": "core/tests/test_spans.py team/tests/test_clock.py",
    "core/periods.py": "core/tests/test_periods.py",
    "team/calendars.py team/clock.py team/hours.py team/patterns.py": (
        "team/tests/test_hours.py team/tests/test_patterns.py team/tests/test_clock.py team/tests/test_schedules.py"
    ),
    "pipelines/mirror/rows.py pipelines/mirror/log_rows.py": (
        "pipelines/tests/test_rows.py pipelines/tests/test_event_rows.py"
    ),
    "timeline/history.py timeline/timeline.py": (
        "timeline/tests/test_timeline.py timeline/tests/test_history.py qc/tests/test_rules.py"
    ),
    "qc/rules/*.py": (
        "qc/tests/test_rules.py qc/tests/test_moves_and_facts.py qc/tests/test_waiting.py qc/tests/test_units.py "
        "qc/tests/test_bursts.py qc/tests/test_norm_words.py "
        "qc/tests/test_deal_untouched.py qc/tests/test_field_value.py qc/tests/test_loss_reason.py "
        "qc/tests/test_review_rules.py qc/tests/test_task_overdue.py qc/tests/test_touches_on_contacts.py "
        "qc/tests/test_simulation.py qc/tests/test_regulations.py qc/tests/test_oracle.py"
    ),
    "kpi/calculation/*.py kpi/components/*.py": (
        "kpi/tests/test_components.py kpi/tests/test_kinds.py kpi/tests/test_pay_schemes.py kpi/tests/test_spiff.py "
        "kpi/tests/test_frozen.py kpi/tests/test_statements.py "
        "kpi/tests/test_below_zero.py kpi/tests/test_clawback.py kpi/tests/test_disciplinary.py kpi/tests/test_draw.py "
        "kpi/tests/test_split_credit.py kpi/tests/test_running.py kpi/tests/test_futures.py "
        "kpi/tests/test_differences.py"
    ),
}
NOBODY = 99  # holds the function that was to be broken
PATIENCE = 90  # seconds; a mutant that never ends is noticed too
COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COUNTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div}
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}


@dataclass(frozen=True)
class Mutant:
    path: Path
    line: int
    what: str
    code: CodeType  # of the function that it is in

    def __str__(self) -> str:
        return f"{self.path.relative_to(PROJECT)}:{self.line}: {self.what} in {self.code.co_qualname}"


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may stand instead of the node, each with its name."""
    new: Any = copy.deepcopy(node)
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            new.ops = [COMPARED[type(op)]()]
            yield f"{type(op).__name__} → {type(new.ops[0]).__name__}", new
        case ast.BinOp(op=op) if type(op) in COUNTED:
            new.op = COUNTED[type(op)]()
            yield f"{type(op).__name__} → {type(new.op).__name__}", new
        case ast.BoolOp(op=op):
            new.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"{type(op).__name__} → {type(new.op).__name__}", new
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not dropped", copy.deepcopy(operand)
        case ast.If(test=test) | ast.IfExp(test=test):
            new.test = ast.UnaryOp(ast.Not(), copy.deepcopy(test))
            yield "condition turned round", new
        case ast.Constant(value=bool(value)):
            yield f"{value} → {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield f"{value} → {value + 1}", ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            new.func.id = CALLED[name]
            if name == "sorted":
                new.keywords = []
            yield f"{name} → {CALLED[name]}", new
        case ast.Continue():
            yield "continue → break", ast.Break()
        case ast.AugAssign(op=op) if type(op) in COUNTED:
            new.op = COUNTED[type(op)]()
            yield f"{type(op).__name__}= → {type(new.op).__name__}=", new


class Break(ast.NodeTransformer):
    """Takes the change with this number."""

    def __init__(self, number: int) -> None:
        self.left, self.taken = number, ("", 0)
        self.inside = 0

    def visit(self, node: ast.AST) -> Any:
        function = isinstance(node, ast.FunctionDef)
        self.inside += function
        if self.inside and not isinstance(node, ast.FunctionDef | ast.JoinedStr):
            for what, new in changes(node):
                if self.left == 0:
                    self.taken = what, node.lineno  # type: ignore[attr-defined]  # each of these has one
                self.left -= 1
                if self.left == -1:
                    return ast.fix_missing_locations(ast.copy_location(new, node))
        node = node if isinstance(node, ast.JoinedStr) else self.generic_visit(node)
        self.inside -= function
        return node


def functions(code: CodeType) -> Iterator[CodeType]:
    """Of a module and its classes, not those inside of functions."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            optimised = inner.co_flags & 0x01  # of functions, never of the bodies of classes
            yield from [inner] if optimised else functions(inner)


def mutants(path: Path) -> Iterator[Mutant]:
    source, name = path.read_text(encoding="utf-8"), str(path)
    whole = {
        (code.co_qualname, code.co_firstlineno): code for code in functions(compile(source, name, "exec"))
    }
    for number in itertools.count():
        change = Break(number)
        tree = change.visit(ast.parse(source))
        if not change.taken[0]:
            return
        with contextlib.suppress(SyntaxError):
            for code in functions(compile(tree, name, "exec")):
                if code != whole[code.co_qualname, code.co_firstlineno]:
                    yield Mutant(path, change.taken[1], change.taken[0], code)


def drawn(paths: str, each: int, seed: int, names: list[str]) -> Iterator[Mutant]:
    for path in sorted(found for pattern in paths.split() for found in PROJECT.glob(pattern)):
        if not names or any(name in str(path) for name in names):
            known = list(mutants(path))
            chance = random.Random(f"{seed} {path.relative_to(PROJECT)}")
            yield from known if not each or len(known) <= each else chance.sample(known, each)


def put(mutant: Mutant) -> bool:
    """Give the function its broken code, wherever it is known by; false when nobody holds it."""
    importlib.import_module(".".join(mutant.path.relative_to(PROJECT).with_suffix("").parts))
    gc.unfreeze()  # conftest freezes what is collected, and what is frozen is not among all objects
    alike = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and one.__code__.co_filename == str(mutant.path)
        and one.__code__.co_qualname == mutant.code.co_qualname
        and one.__code__.co_firstlineno == mutant.code.co_firstlineno
        and len(one.__code__.co_freevars) == len(mutant.code.co_freevars)
    ]
    for one in alike:
        one.__code__ = mutant.code
    return bool(alike)


class Runner:
    """A plugin of pytest: tests are collected once, and run by a fork for each mutant."""

    def __init__(self, waiting: list[Mutant], lanes: int) -> None:
        self.waiting, self.lanes = waiting, list(range(lanes))
        self.running: dict[int, tuple[int, Mutant | None]] = {}
        self.alive: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for lane in list(self.lanes):  # each makes its database, and all tests pass before anything is broken
            self.fork(session, lane, None)
            if self.wait()[1] != 0:
                raise pytest.UsageError(f"These must pass first: {' '.join(session.config.args)}")
        while self.waiting or self.running:
            while self.waiting and self.lanes:
                self.fork(session, self.lanes.pop(), self.waiting.pop(0))
            mutant, code = self.wait()
            if mutant and code in (0, NOBODY):
                self.alive.append(mutant)
                print(f"alive  {mutant}", flush=True)
        return True

    def wait(self) -> tuple[Mutant | None, int]:
        pid, status = os.wait()
        lane, mutant = self.running.pop(pid)
        if lane not in self.lanes:
            self.lanes.append(lane)
        return mutant, os.waitstatus_to_exitcode(status)

    def fork(self, session: pytest.Session, lane: int, mutant: Mutant | None) -> None:
        """A process that runs the tests and ends with 0 when all pass, NOBODY when nothing was broken."""
        if pid := os.fork():
            self.running[pid] = lane, mutant
            return
        from django.conf import settings

        settings.DATABASES["default"]["TEST"]["NAME"] = f"test_mutants_{lane}"
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        session.config.option.create_db = mutant is None  # the first run of a lane makes its database anew
        session.config.pluginmanager.unregister(name="terminalreporter")
        code = NOBODY
        signal.alarm(PATIENCE)
        if mutant is None or put(mutant):
            try:
                pytest_runtestloop(session)
                code = int(session.testsfailed > 0)
            except BaseException:
                code = 1  # -x, or a mutant that broke more than a test
        os._exit(code)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Mutants of the rooms that think: which of them no test notices."
    )
    parser.add_argument("--each", type=int, default=15, help="mutants a module, 0 for all (15)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of a path: these modules only")
    options = parser.parse_args()
    number = left = 0
    for paths, tests in ROOMS.items():
        waiting = list(drawn(paths, options.each, options.seed, options.names))
        if not waiting:
            continue
        number += len(waiting)
        runner = Runner(waiting, options.lanes)
        given = ["-x", "-q", "--no-header", "--reuse-db", "-p", "no:cacheprovider", "--hypothesis-seed=1"]
        if code := pytest.main([*given, *tests.split()], plugins=[runner]):
            return int(code)
        left += len(runner.alive)
    print(f"{number - left} of {number} mutants were noticed: {1 - left / max(number, 1):.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
