"""A crew leaves together, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools.embedded import PROJECT
from devtools.processes import ChildDied, Crew, StepFailed

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def gone(pid: int, patience: float = 5) -> bool:
    """Whether a process ends within some seconds; a zombie has ended."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def pid_in(path: Path) -> int:
    while not (path.exists() and path.read_text()):
        time.sleep(0.02)
    return int(path.read_text())


def test_all_are_stopped_at_the_end(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        for name in ("one", "two"):
            crew.start(name, SLEEP, os.environ)
        pids = [child.process.pid for child in crew._children]
    assert all(gone(pid) for pid in pids)


def test_a_childs_own_children_go_with_it(tmp_path: Path) -> None:
    code = (
        f"import subprocess; p = subprocess.Popen({SLEEP!r}); print(p.pid, file=open('pid', 'w')); p.wait()"
    )
    with Crew(tmp_path) as crew:
        crew.start("parent", [sys.executable, "-c", code], os.environ)
        grandchild = pid_in(tmp_path / "pid")
    assert gone(grandchild)


def test_a_killed_child_is_started_again_with_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mended: list[tuple[str, int]] = []
    with Crew(tmp_path, mended=lambda name, code: mended.append((name, code))) as crew:
        for name in ("web", "beat"):
            crew.start(name, SLEEP, os.environ)
        web, beat = (child.process.pid for child in crew._children)
        os.kill(beat, signal.SIGKILL)
        assert gone(beat)
        crew.check()
        again = crew._children[1].process
        assert again.pid != beat and again.poll() is None and crew._children[0].process.pid == web
        crew.check()
    assert mended == [("beat", -9)] and gone(again.pid)
    assert "beat was killed by signal 9 and is started again.\n" in capfd.readouterr().err


def test_what_a_killed_child_leaves_behind_goes_before_it_is_started_again(tmp_path: Path) -> None:
    code = (
        f"import subprocess; p = subprocess.Popen({SLEEP!r}); print(p.pid, file=open('pid', 'w')); p.wait()"
    )
    with Crew(tmp_path) as crew:
        crew.start("parent", [sys.executable, "-c", code], os.environ)
        grandchild = pid_in(tmp_path / "pid")
        (tmp_path / "pid").unlink()
        crew._children[0].process.kill()
        assert gone(crew._children[0].process.pid)
        crew.check()
        assert gone(grandchild) and pid_in(tmp_path / "pid") != grandchild


def test_what_else_there_is_to_look_after_is_looked_after(tmp_path: Path) -> None:
    looks: list[int] = []
    with Crew(tmp_path, also=lambda: looks.append(1)) as crew:
        crew.check()
        crew.run("step", [sys.executable, "-c", "import time; time.sleep(0.3)"], os.environ)
    assert len(looks) > 2


def test_a_child_that_dies_again_and_again_is_named_and_takes_the_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtools.processes.PAUSE", 0.05)
    with pytest.raises(ChildDied, match="beat ended with code 7"), Crew(tmp_path) as crew:
        crew.start("web", SLEEP, os.environ)
        other = crew._children[0].process.pid
        crew.start("beat", [sys.executable, "-c", "raise SystemExit(7)"], os.environ)
        crew.run("step", SLEEP, os.environ)
    assert gone(other)


def test_a_step_that_refuses_says_so(tmp_path: Path) -> None:
    with pytest.raises(StepFailed), Crew(tmp_path) as crew:
        crew.run("step", [sys.executable, "-c", "raise SystemExit(1)"], os.environ)


def test_output_appears_behind_the_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Crew(tmp_path) as crew:
        crew.start("web", [sys.executable, "-c", "print('Здравствуйте')"], os.environ | {"PYTHONUTF8": "1"})
        crew._children[0].process.wait()
        time.sleep(0.2)
    assert "web        | Здравствуйте\n" in capfd.readouterr().err


def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from devtools.processes import Crew\n"
        f"crew = Crew(Path(sys.argv[1])); crew.start('web', {SLEEP!r}, os.environ)\n"
        "open(sys.argv[1] + '/pid', 'w').write(str(crew._children[0].process.pid))\n"
        "import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=PROJECT) as parent:
        child = pid_in(tmp_path / "pid")
        parent.send_signal(signal.SIGKILL)
    assert gone(child)
