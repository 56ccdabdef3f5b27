"""What is known about the tests of a run, kept in a file until it is reported: `Journal`.

A report by suites can only be written when the run is over.  What a sink kept in memory until then would look like growth of
what is tested, so it is kept in a file without a name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

if TYPE_CHECKING:
    from zope.testrunner.core.report_names import Names


# As they are before any test can put something in their place.
_dumps, _loads = json.dumps, json.loads


class Case(NamedTuple):
    """One entry of a report.

    ``kind`` is "passed", "skipped", "failure" or "error"; ``message`` says why, and ``text`` in detail.
    """

    suite: str
    classname: str
    name: str
    at: float
    seconds: float
    kind: str = "passed"
    type: str = ""
    message: str = ""
    text: str = ""
    out: str = ""
    err: str = ""


class Suite:
    """The cases of one suite, in order, and what else there is to say about it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []
        self.properties: list[tuple[str, str]] = []
        self.at: float | None = None

    def number(self, kind: str) -> int:
        """How many cases are of this kind."""
        return sum(case.kind == kind for case in self.cases)

    @property
    def seconds(self) -> float:
        """How long the cases took together."""
        return sum(case.seconds for case in self.cases)


class Journal:
    """Cases and properties on their way into a report, in a file without a name.

    It is in ``folder``, that of the report, which shows early whether anything can be written there; without one, it is
    where temporary files are.
    """

    def __init__(self, folder: str | None = None) -> None:
        from tempfile import TemporaryFile

        self._spool = cast("BinaryIO", TemporaryFile(dir=folder))  # noqa: SIM115 - open until the end
        #: Whether anything has been written down.
        self.began = False

    def case(self, case: Case) -> None:
        """One more entry."""
        self._add("case", *case)

    def more(self, names: Names, out: str | None, err: str | None) -> None:
        """What a test wrote after its last entry."""
        self._add("more", *names, out or "", err or "")

    def leak(self, names: Names, message: str, text: str) -> None:
        """The entry that was made last for a test is a failure: it leaks."""
        self._add("leak", *names, message, text)

    def property(self, suite: str, name: str, value: str) -> None:
        """A fact about a suite."""
        self._add("property", suite, name, value)

    def _add(self, *record: object) -> None:
        self.began = True
        self._spool.write(_dumps(record).encode("ascii") + b"\n")

    def suites(self) -> list[Suite]:
        """All that was written down, by suite, in the order in which suites came up."""
        found: dict[str, Suite] = {}
        self._spool.seek(0)
        for line in self._spool:
            kind, name, *rest = _loads(line)
            suite = found.get(name)
            if suite is None:
                suite = found[name] = Suite(name)
            if kind == "case":
                case = Case(name, *rest)
                suite.at = case.at if suite.at is None else suite.at
                suite.cases.append(case)
            elif kind == "property":
                suite.properties.append((rest[0], rest[1]))
            else:
                _amend(suite, kind, *rest)
        return list(found.values())

    def close(self) -> None:
        """Forget everything."""
        self._spool.close()


def _amend(suite: Suite, kind: str, classname: str, name: str, first: str, second: str) -> None:
    """Add to the last case of a test what became known after it."""
    members = [at for at, case in enumerate(suite.cases) if case.classname == classname]
    found = [at for at in members if suite.cases[at].name == name]
    # A test of which only sub-tests are entered, as they failed, has their names with more behind them.
    found = found or [at for at in members if suite.cases[at].name.startswith(f"{name} ")]
    if not found:
        return
    at = found[-1]
    case = suite.cases[at]
    if kind == "more":
        suite.cases[at] = case._replace(out=case.out + first, err=case.err + second)
    elif case.kind == "passed":
        suite.cases[at] = case._replace(kind="failure", type="Leak", message=first, text=second)
    else:
        suite.cases.append(Case(suite.name, classname, name, case.at, 0.0, "failure", "Leak", first, second))
