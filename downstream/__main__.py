"""The command line: ``python -m downstream --help``."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from benchmarks.errors import BenchmarkError
from benchmarks.measure import run_to_end
from benchmarks.peers import PUBLISHED, describe, environment
from downstream.outcomes import outcome_of
from downstream.places import OURS_NAME, PUBLISHED_NAME, provide
from downstream.suites import SUITES, WAYS, Suite
from downstream.table import Row, Run, as_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DESCRIPTION = """\
Run the test suites of other packages with this checkout and with the published zope.testrunner, one process and two,
and print a table of what they came to.  See downstream/README.rst."""

#: Where the tests of an environment are, as the environment itself has it.
_LOCATION = "import sysconfig; print(sysconfig.get_path('purelib'))"

#: What the published runner says when its child processes cannot be started, as with Python 3.15.
_UNABLE = "Could not communicate with subprocess!"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the usage and a line."""
        raise BenchmarkError(f"{message}; see --help.")


def parser() -> argparse.ArgumentParser:
    """The options of ``python -m downstream``."""
    options = _Parser(prog="python -m downstream", description=_DESCRIPTION, allow_abbrev=False)
    names = [suite.package for suite in SUITES]
    options.add_argument(
        "--only",
        metavar="PACKAGE",
        action="append",
        choices=names,
        help=f"Run only this suite, of {', '.join(names)}. Repeatable.",
    )
    options.add_argument(
        "--python",
        metavar="PYTHON",
        action="append",
        help="Use this interpreter (default: the one of this command). Repeatable, with a table for each.",
    )
    options.add_argument("--way", action="append", choices=list(WAYS), help="Only serial, or only -j2.")
    options.add_argument("--keep", metavar="DIR", type=Path, help="Keep all reports in this directory.")
    return options


def run(suite: Suite, way: Sequence[str], python: str, log: Path) -> Run:
    """Run a suite once, in an empty directory, with a clean environment; the report goes into the file *log*."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "location")
        run_to_end([python, "-c", _LOCATION], folder=Path(folder), environment=environment(), log=place)
        tests = place.read_text(encoding="utf-8").strip()
        # Verbose enough to name all problems at the end.
        words = [python, "-m", "zope.testrunner", "-v", "--path", tests, "-s", suite.package, *suite.words, *way]
        status, usage = run_to_end(words, folder=Path(folder), environment={**environment(), "HOME": folder}, log=log)
    report = log.read_text(encoding="utf-8", errors="replace")
    return Run(outcome=outcome_of(report, status), usage=usage, unable=_UNABLE in report)


def rows(python: str, suites: Sequence[Suite], ways: Mapping[str, Sequence[str]], logs: Path) -> Iterator[Row]:
    """Run all suites with both runners, in turn."""
    for suite in suites:
        pythons = provide(python, suite.group, _tell)
        serial: Run | None = None
        for name, words in ways.items():
            runs: dict[str, Run] = {}
            for runner in (PUBLISHED_NAME, OURS_NAME):
                _tell(f"{suite.package} {name}, {runner}…")
                log = logs / f"{Path(python).name} {suite.package} {name} {runner}.log"
                runs[runner] = run(suite, words, pythons[runner], log)
            serial = runs[PUBLISHED_NAME] if name == "serial" else serial
            yield Row(suite=suite.package, way=name, published=runs[PUBLISHED_NAME], ours=runs[OURS_NAME], serial=serial)


def downstream(arguments: Sequence[str]) -> int:
    """Do what the *arguments* ask for; return the exit status: 1 if the runners do not come to the same.

    Raises:
        BenchmarkError: Something that was asked for cannot be done.
    """
    options = parser().parse_args(arguments)
    suites = [suite for suite in SUITES if not options.only or suite.package in options.only]
    ways = {name: words for name, words in WAYS.items() if not options.way or name in options.way}
    is_same = True
    with _folder(options.keep) as logs:
        for python in options.python or [sys.executable]:
            found = shutil.which(python) or python
            base = describe(found)
            today = datetime.datetime.now().astimezone().date()
            machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
            print(f"{today}, {base.name}, {machine}, published: zope.testrunner {PUBLISHED}\n", flush=True)
            table = list(rows(found, suites, ways, logs))
            print(as_table(table))
            for row in table:
                for line in row.differences:
                    is_same = False
                    print(f"{row.suite} {row.way}: {line}")
            print(flush=True)
    return 0 if is_same else 1


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where reports go: *keep*, or a directory that is gone afterwards."""
    if keep is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"--keep {keep} cannot be used: {error.strerror}.") from error
    yield keep.resolve()


def _on_signal(number: int, frame: object) -> NoReturn:
    """End as Ctrl-C does, through every clean-up on the way."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the suites for the command line of this process."""
    signal.signal(signal.SIGTERM, _on_signal)
    try:
        return downstream(sys.argv[1:])
    except BenchmarkError as error:
        print(f"downstream: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndownstream: interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
