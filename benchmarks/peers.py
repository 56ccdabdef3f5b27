"""The runners that are compared: where they are installed, how they are started, how their output is counted.

The published zope.testrunner, pytest and python-subunit live in a private environment in the cache directory of the user,
made at the first use. Ours runs from this checkout in a like environment that has only what it depends on.
Peers are black boxes: they are started and their output is read, nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import clocked
from benchmarks.errors import BenchmarkError
from benchmarks.measure import run_to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The release of zope.testrunner that ours is compared with.
PUBLISHED = "8.3"

_SOURCE = Path(__file__).resolve().parent.parent / "src"

#: The only variables that a measured process sees of the user's: it shall find its libraries and its home,
#: and no setting (PYTHONPATH, PYTEST_ADDOPTS, CI…) may change what it does.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH")

_DESCRIBE = """\
import importlib.metadata, json, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
names = "pytest", "zope.testrunner", "zope.interface", "zope.exceptions"
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version,
    "name": sys.implementation.name + " " + sys.version.split()[0]
        + (" debug" if hasattr(sys, "gettotalrefcount") else ""),
    "prefix": sys.base_prefix,
    "versions": {name: version(name) for name in names},
}))
"""


class Work(Enum):
    """What a runner is asked to do with a project."""

    RUN = "run"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """What an interpreter says of itself; *versions* has ``None`` for a package that is not installed."""

    executable: str
    version: str
    name: str
    prefix: str
    versions: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a runner lives: the interpreter to start, and variables to set for it."""

    interpreter: Interpreter
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How one runner is started in the root of a project, and how to read off how many tests it dealt with.

    *home* is ``ours`` or ``peers``. What *words* lacks, the runner cannot do. *each* reads off what one test took, if the
    runner tells.
    """

    name: str
    home: str
    words: Mapping[Work, tuple[str, ...]]
    count: Mapping[Work, Callable[[str], int | None]]
    each: Callable[[str], float | None] | None = None


def number_in(pattern: str) -> Callable[[str], int | None]:
    """A counter that answers the last number *pattern* captures in some output, ``None`` without one."""
    compiled = re.compile(pattern, re.MULTILINE)

    def count(output: str) -> int | None:
        found = compiled.findall(output)
        return int(found[-1]) if found else None

    return count


def listed_lines(output: str) -> int | None:
    """How many tests a listing of zope.testrunner names: its indented lines, below a heading per layer."""
    if not re.search(r"^Listing \S+ tests:$", output, re.MULTILINE):
        return None
    return len(re.findall(r"^  \S", output, re.MULTILINE))


_TESTRUNNER_WORDS: Mapping[Work, tuple[str, ...]] = {
    Work.RUN: ("-m", "zope.testrunner", "--path", "."),
    Work.LIST: ("-m", "zope.testrunner", "--path", ".", "--list-tests"),
}
_TESTRUNNER_COUNT: Mapping[Work, Callable[[str], int | None]] = {
    # The total, where there is one, comes last.
    Work.RUN: number_in(r"^(?:  Ran|Total:) (\d+) tests(?: with|,) 0 failures, 0 errors"),
    Work.LIST: listed_lines,
}

OURS = Runner(name="ours", home="ours", words=_TESTRUNNER_WORDS, count=_TESTRUNNER_COUNT)
PUBLISHED_RUNNER = Runner(name="published", home="peers", words=_TESTRUNNER_WORDS, count=_TESTRUNNER_COUNT)
UNITTEST = Runner(
    name="unittest",
    home="peers",
    words={Work.RUN: ("-m", "unittest", "discover")},
    count={Work.RUN: number_in(r"^Ran (\d+) tests? in ")},
)
PYTEST = Runner(
    name="pytest",
    home="peers",
    words={Work.RUN: ("-m", "pytest"), Work.LIST: ("-m", "pytest", "--collect-only", "-q")},
    count={
        Work.RUN: number_in(r"^=* ?(\d+) passed in "),
        Work.LIST: number_in(r"^(\d+) tests? collected in "),
    },
)
#: The hunt that pytest has for debug builds of Python, in an environment of its own: it does not know pytest 9.
PYTEST_LEAKS = Runner(
    name="pytest-leaks",
    home="pytest-leaks",
    words={Work.RUN: ("-m", "pytest", "-R", "5:4")},
    count={Work.RUN: number_in(r"^=* ?(\d+) passed in ")},
)


def streamed(output: str) -> int:
    """How many tests a subunit stream of version 2 names; in its packets, ids are readable text."""
    return len(set(re.findall(r"package\d{4}\.[\w.]+\.Test\d{4}\.test_\d{4}", output)))


#: Ours, writing a subunit stream, and the module of python-subunit that does so with unittest.
OURS_SUBUNIT = Runner(
    name="ours",
    home="ours",
    words={Work.RUN: (*_TESTRUNNER_WORDS[Work.RUN], "--subunit-v2")},
    count={Work.RUN: streamed},
)
SUBUNIT = Runner(
    name="subunit.run",
    home="peers",
    words={Work.RUN: ("-W", "ignore", "-m", "subunit.run", "discover")},
    count={Work.RUN: streamed},
)
#: Ours, measuring by itself how long it was busy with tests.
OURS_CLOCKED = Runner(
    name="ours",
    home="ours",
    words={Work.RUN: ("-c", clocked.SCRIPT)},
    count=_TESTRUNNER_COUNT,
    each=clocked.seconds_each,
)
#: pytest with our plugin.
OURS_IN_PYTEST = Runner(
    name="ours",
    home="ours",
    words={Work.RUN: ("-m", "pytest", "--disable-plugin-autoload", "-p", "zope.testrunner.pytest_plugin")},
    count=PYTEST.count,
)
#: No tests at all: what starting and ending the interpreter costs, the least that a runner can take.
BARE = Runner(name="bare python", home="peers", words={Work.RUN: ("-c", "pass")}, count={})


def environment(home: Home | None = None) -> dict[str, str]:
    """The variables of a measured process; see ``_PASSED_ON`` for what is kept of the user's."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONHASHSEED": "0", **(home.variables if home else {})}


def describe(python: str) -> Interpreter:
    """Ask the interpreter *python* what it is.

    Raises:
        BenchmarkError: It cannot be started, or is not a Python that can answer.
    """
    words = [python, "-c", _DESCRIBE]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, env=environment(), stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise BenchmarkError(f"Cannot start the interpreter {python!r}: {error.strerror}.") from error
    try:
        return Interpreter(**json.loads(done.stdout))
    except (ValueError, TypeError) as error:
        raise BenchmarkError(
            f"{python!r} is not a Python that can be used: {_last_line(done.stderr) or 'no answer'}."
        ) from error


def cache_folder() -> Path:
    """Where the private environments are kept: below ``XDG_CACHE_HOME``, else below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "zope.testrunner-benchmarks"


def peers_home(python: str, tell: Callable[[str], None]) -> Home:
    """The environment of the published runner, pytest and subunit.run for *python*, made when there is none."""
    return _provide(python, "peers", (f"zope.testrunner=={PUBLISHED}", "pytest", "pytest-xdist", "python-subunit"), tell)


def pytest_leaks_home(python: str, tell: Callable[[str], None]) -> Home:
    """The environment of pytest with pytest-leaks for *python*, made when there is none.

    Raises:
        BenchmarkError: It cannot be made, or *python* is no debug build, on which it counts nothing.
    """
    if not describe(python).name.endswith("debug"):
        raise BenchmarkError(f"{python!r} is not a debug build (configured --with-pydebug); give --python one that is.")
    return _provide(python, "pytest-leaks", ("pytest<9", "pytest-leaks"), tell)


def checkout_has_runner() -> bool:
    """Whether this checkout has a runner to measure."""
    return (_SOURCE / "zope" / "testrunner" / "__main__.py").is_file()


def checkout_home(python: str, tell: Callable[[str], None]) -> Home:
    """The environment of this checkout's runner for *python*, made when there is none.

    It has pytest as well, so that what is looked up among the installed distributions costs the same in both.
    """
    home = _provide(python, "ours", ("zope.interface", "zope.exceptions", "pytest", "python-subunit"), tell)
    return Home(interpreter=home.interpreter, variables={"PYTHONPATH": str(_SOURCE)})


def installed_home(python: str) -> Home:
    """The environment of the interpreter *python*, in which our runner is installed.

    Raises:
        BenchmarkError: Our runner is not installed there.
    """
    interpreter = describe(python)
    version = interpreter.versions["zope.testrunner"]
    if version is None:
        raise BenchmarkError(f"zope.testrunner is not installed for {python!r}; install this checkout there.")
    if version == PUBLISHED:
        raise BenchmarkError(
            f"{python!r} has the published zope.testrunner {PUBLISHED}; install this checkout there."
        )
    return Home(interpreter=interpreter)


def _provide(python: str, purpose: str, requirements: tuple[str, ...], tell: Callable[[str], None]) -> Home:
    """The environment for *purpose*, complete; made anew when it is half made or has other requirements."""
    base = describe(python)
    tag = (
        re.sub(r"\W+", "-", base.name)
        + "-"
        + hashlib.sha256(f"{base.version}{base.prefix}".encode()).hexdigest()[:8]
    )
    folder = cache_folder() / tag / purpose
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"Cannot make the cache directory {folder.parent}: {error.strerror}.") from error
    complete = folder / "complete.json"
    executable = str(folder / "bin" / "python")
    with _locked(folder.parent / f"{purpose}.lock"):
        if not (complete.exists() and json.loads(complete.read_text()) == list(requirements)):
            tell(f"Installing {', '.join(requirements)} for {base.name}…")
            try:
                _make(python, folder, requirements)
                complete.write_text(json.dumps(requirements))
            finally:
                if not complete.exists():
                    shutil.rmtree(folder, ignore_errors=True)
    return Home(interpreter=describe(executable))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other benchmark runs out while an environment is looked at or made."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(python: str, folder: Path, requirements: tuple[str, ...]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # Unlike a measured process, pip shall see the user's settings: proxies, indexes, certificates.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    steps = (
        ([python, "-m", "venv", str(folder)], "the private environment: is the venv module installed?"),
        (
            [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements],
            f"{', '.join(requirements)} from the package index: is the network there?",
        ),
    )
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs) / "log"
        for words, what in steps:
            status, _ = run_to_end(words, folder=Path("/"), environment=variables, log=log)
            if status:
                reason = _last_line(log.read_text(encoding="utf-8", errors="replace"), prefer="ERROR:")
                raise BenchmarkError(f"Cannot install {what} ({reason or f'status {status}'})")


def _last_line(text: str, prefer: str = "") -> str:
    """The last line of *text* that says something, of those that start with *prefer* if there are any."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    preferred = [line for line in lines if line.startswith(prefer)]
    return (preferred or lines or [""])[-1]
