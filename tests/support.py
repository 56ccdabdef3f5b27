"""What several tests need: running the runner as people do, and making small projects for it."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import NamedTuple

#: The directory of the checkout, and the sample projects in it.
CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLES = CHECKOUT / "testrunner-ex"

# Runners that tests start are not to remember anything, unless a test says so.
NO_HISTORY = {"ZOPE_TESTRUNNER_HISTORY": ""}
os.environ.update(NO_HISTORY)

# What the user has set for Python does not hold for programs that tests start: PYTHONUNBUFFERED, for one, hides what people
# see whose output goes to a pipe.  To run the suite with one of them, put CHILDREN_ in front of its name.
for _name in [name for name in os.environ if name.startswith("PYTHON")]:
    del os.environ[_name]
for _name in [name for name in os.environ if name.startswith("CHILDREN_PYTHON")]:
    os.environ[_name.removeprefix("CHILDREN_")] = os.environ[_name]

_LEVELLED = [
    (re.compile(r"\d+\.\d{3} s"), "N.NNN s"),
    (re.compile(r"\b0x[0-9a-fA-F]+"), "0xADDR"),
    (re.compile(r"(refcount|blocks)=\d+ *"), r"\1=N "),
]


class Done(NamedTuple):
    """A process that has ended: exit status and what it wrote, times and addresses levelled."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()


def levelled(text: str) -> str:
    """Text in which what changes from run to run is replaced."""
    for pattern, replacement in _LEVELLED:
        text = pattern.sub(replacement, text)
    return text


def environment(**more: str) -> dict[str, str]:
    """The environment for child processes: what can be imported here can be imported there."""
    foreign = ("ZOPE_TESTRUNNER", "GITHUB_", "TEST_SHARD", "TEST_TOTAL_SHARDS", "NO_COLOR", "FORCE_COLOR")
    passed = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    paths = os.pathsep.join(path for path in sys.path if path)
    return passed | NO_HISTORY | {"PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"} | more


def run_tests(
    *arguments: str | Path, cwd: str | Path = CHECKOUT, timeout: float = 120.0, raw: bool = False, **env: str
) -> Done:
    """Run ``python -m zope.testrunner`` with these arguments; ``timeout`` in seconds only keeps a hang from lasting."""
    done = subprocess.run(
        [sys.executable, "-m", "zope.testrunner", *map(str, arguments)],
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    out, err = (text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out if raw else levelled(out), err if raw else levelled(err))


def hide_heap(case: unittest.TestCase) -> None:
    """Hide from the collector, for the time of a test, what is alive already.

    Whoever runs the suite has loaded a hundred thousand objects, and each collection would look at all of them.
    """
    gc.collect()
    gc.freeze()
    case.addCleanup(gc.unfreeze)


class ProjectCase(unittest.TestCase):
    """A test with a directory of its own, ``self.project``, that is removed afterwards."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="project-")
        self.addCleanup(directory.cleanup)
        self.project = Path(directory.name).resolve()

    def write(self, name: str, text: str) -> Path:
        """Make a file in the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run_project(self, *arguments: str, **env: str) -> Done:
        """Run the tests of the project."""
        return run_tests("--path", self.project, *arguments, cwd=self.project, **env)


class InFreshProcess(unittest.TestCase):
    """A case whose tests run each in a process of its own: what others have left there is not to be measured."""

    _MARK = "TESTED_IN_A_FRESH_PROCESS"

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        if self._MARK not in os.environ:
            setattr(self, self._testMethodName, self._run_in_child)
        return super().run(result)

    def _run_in_child(self) -> None:
        kind = type(self)
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), self._MARK: "1"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "unittest", f"{kind.__module__}.{kind.__name__}.{self._testMethodName}"],
            capture_output=True,
            text=True,
            env={**environment, "PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")},
            stdin=subprocess.DEVNULL,
        )
        self.assertEqual(0, done.returncode, done.stderr)
