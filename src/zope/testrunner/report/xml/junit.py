"""Reports in the XML format of JUnit: one file (`junit`), or one for each suite in a directory (`directory`).

While tests run, results go to a `zope.testrunner.report.xml.case_spool.Journal`; at the end they are grouped and written.

The one file is made after the schema of Jenkins' xUnit plug-in (junit-10.xsd), which is the one most readers are written
for.  The files of the directory look as they always have.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from zope.testrunner.core import events
from zope.testrunner.core.model import Outcome
from zope.testrunner.core.report_names import Names, names_from
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.report.atomic_file import is_replaced, put, stem_of
from zope.testrunner.report.eventlog import host_of
from zope.testrunner.report.shared_wording import left_behind
from zope.testrunner.report.xml.case_spool import Case, Journal, Suite
from zope.testrunner.report.xml.xml_writer import element, text_element
from zope.testrunner.system.originals import os, time

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import Problem


class Report:
    """A sink that keeps a journal; subclasses say how it is written at the end of the run."""

    def __init__(self, journal: Journal, host: str) -> None:
        self._journal = journal
        self._host = host
        self._written = False
        self._run_seconds: float | None = None
        # How long the running test of each process had run when it was last reported on.
        self._spent: dict[int, float] = {}
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.TestFinished: self._test_finished,
                events.ProblemReported: self._problem_reported,
                events.FixtureSkipped: self._fixture_skipped,
                events.LeftBehind: self._left_behind,
                events.SetUpFinished: self._hook_finished,
                events.TearDownFinished: self._hook_finished,
                events.LayerFailed: self._layer_failed,
                events.WorkerLost: self._worker_lost,
                events.ResultsCounted: self._results_counted,
                events.LapMeasured: self._iteration_measured,
                events.LeakJudged: self._leak_judged,
                events.MemoryGrew: self._memory_grew,
                events.RunFinished: self._run_finished,
            }
        )

    def takes(self, kind: type[Event]) -> Emit | None:
        """What is worth an entry."""
        return self._takers.get(kind)

    def close(self) -> None:
        """Write what is known if the run was broken off."""
        try:
            if self._journal.began:
                self.finish(time.time())
        finally:
            self._journal.close()

    def write(self, suites: list[Suite], at: float) -> None:
        """Write the report; ``at`` is when the run ended."""
        raise NotImplementedError

    def finish(self, at: float) -> None:
        """Write the report, unless that has been done; ``at`` is when the run ended."""
        if not self._written:
            self._written = True
            self.write(self._journal.suites(), at)

    def _run_finished(self, event: events.RunFinished) -> None:
        if event.worker == 0:
            self._run_seconds = event.seconds
            self.finish(event.at)

    # Tests

    def _test_finished(self, event: events.TestFinished) -> None:
        spent = self._spent.pop(event.worker, 0.0)
        names = event.test.names
        if event.outcome.is_problem and not event.reasons:
            if event.stdout or event.stderr:
                self._journal.more(names, event.stdout, event.stderr)
            return
        # What a test has skipped, in sub-tests or before its tear-down failed, is an entry beside its problems.
        kind = "skipped" if event.reasons else "passed"
        case = Case(*names, event.at, max(0.0, event.seconds - spent), kind, message="; ".join(event.reasons))
        self._journal.case(case._replace(out=event.stdout or "", err=event.stderr or ""))

    def _problem_reported(self, event: events.ProblemReported) -> None:
        names, seconds = event.test.names, 0.0
        if event.test.size:
            seconds = max(0.0, event.seconds - self._spent.get(event.worker, 0.0))
            self._spent[event.worker] = event.seconds
        if event.label is not None:
            part = event.label.removeprefix(event.test.label)
            names = names_from(event.label) if part == event.label else names._replace(name=names.name + part)
        self._problem(names, event.at, seconds, event.problem, event.stdout, event.stderr)

    def _fixture_skipped(self, event: events.FixtureSkipped) -> None:
        self._journal.case(Case(*event.test.names, event.at, 0.0, "skipped", message=event.reason))

    def _left_behind(self, event: events.LeftBehind) -> None:
        # What tests left is told for all of them together once more, at the end of a lap.
        if event.test is not None:
            self._journal.more(event.test.names, None, left_behind(event))

    def _problem(
        self,
        names: Names,
        at: float,
        seconds: float,
        problem: Problem,
        out: str | None = None,
        err: str | None = None,
    ) -> None:
        kind = "error" if problem.outcome is Outcome.ERRORED else self._kind_of_failure(problem)
        case = Case(*names, at, seconds, kind, self._type(problem), problem.message, self._text(problem))
        self._journal.case(case._replace(out=out or "", err=err or ""))

    def _kind_of_failure(self, problem: Problem) -> str:
        """What a problem is that counts as a failure."""
        return "failure"

    def _type(self, problem: Problem) -> str:
        """What kind of exception it was."""
        return problem.type_name

    def _text(self, problem: Problem) -> str:
        """What it said."""
        return problem.traceback

    # Modules and layers

    def _discovered(self, event: events.Discovered) -> None:
        # Children come across the same modules again.
        for failure in event.import_failures if event.worker == 0 else ():
            self._problem(Names(failure.module, failure.module, "Startup"), event.at, 0.0, failure.problem)

    def _hook_finished(self, event: events.SetUpFinished | events.TearDownFinished) -> None:
        if event.problem is not None:
            hook = "setUp" if isinstance(event, events.SetUpFinished) else "tearDown"
            self._problem(Names(event.layer, event.layer, hook), event.at, event.seconds, event.problem)

    def _layer_failed(self, event: events.LayerFailed) -> None:
        self._problem(Names(event.layer, event.layer, "layer"), event.at, 0.0, event.problem)

    def _worker_lost(self, event: events.WorkerLost) -> None:
        text = "\n".join([event.cause, f"Command line: {list(event.command)}", *event.stderr]) + "\n"
        kind = "zope.testrunner.exceptions.SubprocessError"
        self._journal.case(Case(event.layer, event.layer, "subprocess", event.at, 0.0, "error", kind, event.cause, text))

    def _results_counted(self, event: events.ResultsCounted) -> None:
        for kind, labels in (("failure", event.failed), ("error", event.errored)):
            for label in labels:
                text = "The process that ran this test has printed the report by itself.\n"
                self._journal.case(Case(event.layer, event.layer, label, event.at, 0.0, kind, "", label, text))

    # Leaks

    def _iteration_measured(self, event: events.LapMeasured) -> None:
        for reading in event.readings:
            name = f"lap {event.lap} {reading.tracker}"
            self._journal.property(event.layer, name, str(reading.total))
            self._journal.property(event.layer, f"{name} change", str(reading.change))

    def _leak_judged(self, event: events.LeakJudged) -> None:
        names = Names(event.layer, event.layer, "layer") if event.test is None else event.test.names
        if event.growth not in (Growth.STABLE, Growth.NOT_JUDGED):
            self._journal.property(names.suite, f"leaks {names.name}", event.growth.value)
        for verdict in event.verdicts:
            if verdict.per_run:
                name = f"leaks {names.name} {verdict.tracker} each run"
                self._journal.property(names.suite, name, str(verdict.per_run))
        if event.is_problem:
            report = event.report or (event.growth.value,)
            if event.test is None:
                self._journal.case(Case(*names, event.at, 0.0))
            self._journal.leak(names, report[0], "\n".join(report) + "\n")

    def _memory_grew(self, event: events.MemoryGrew) -> None:
        if event.is_problem:
            text = f"The process grew by {event.grown} bytes, and when the test was run again by {list(event.again)}."
            self._journal.leak(event.test.names, text, text + "\n")


class OneFile(Report):
    """One file with all suites; ``target`` None is standard output.  Raises `OSError` if it cannot be written."""

    def __init__(self, target: str | None, host: str) -> None:
        self._target = target
        # The one of now: later it leads to where the output of tests is caught.
        self._stdout = sys.stdout
        if target is None:
            super().__init__(Journal(), host)
            return
        folder = os.path.dirname(os.path.realpath(target))
        _make(folder)
        if os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
        super().__init__(Journal(folder if is_replaced(target) else None), host)

    def write(self, suites: list[Suite], at: float) -> None:
        """Write the file."""
        about = {
            "name": "zope.testrunner",
            "tests": sum(len(suite.cases) for suite in suites),
            "failures": sum(suite.number("failure") for suite in suites),
            "errors": sum(suite.number("error") for suite in suites),
            "time": _seconds(sum(suite.seconds for suite in suites) if self._run_seconds is None else self._run_seconds),
        }
        inner = [line for suite in suites for line in self._suite(suite, at)]
        content = "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *element("testsuites", about, inner), ""])
        if self._target is None:
            self._stdout.write(content)
            self._stdout.flush()
        else:
            put(self._target, content)

    def _suite(self, suite: Suite, at: float) -> list[str]:
        about = {
            "name": suite.name,
            "tests": len(suite.cases),
            "failures": suite.number("failure"),
            "errors": suite.number("error"),
            "skipped": suite.number("skipped"),
            "time": _seconds(suite.seconds),
            "timestamp": _moment(at if suite.at is None else suite.at),
            "hostname": self._host,
        }
        inner = _properties(suite.properties)
        for case in suite.cases:
            # Readers group by class, and an empty one has no place there.
            parts = _case(case, case.classname or case.suite, [("system-out", case.out), ("system-err", case.err)])
            inner += parts
        return element("testsuite", about, inner)


class FilePerSuite(Report):
    """A file for each suite in the folder ``testreports`` of a directory, which is made.

    Raises `OSError` if it cannot be made or written to.
    """

    def __init__(self, folder: str, host: str) -> None:
        self._folder = os.path.abspath(folder)
        _make(self._folder)
        super().__init__(Journal(self._folder), host)
        #: Facts that are stated in every file.
        self.properties: Mapping[str, object] = {}

    def write(self, suites: list[Suite], at: float) -> None:
        """Write the files."""
        folder = os.path.join(self._folder, "testreports")
        os.makedirs(folder, exist_ok=True)
        taken: set[str] = set()
        for suite in suites:
            stem = plain = stem_of(suite.name)
            number = 1
            # Some file systems do not tell small letters from capitals.
            while stem.casefold() in taken:
                number += 1
                stem = f"{plain}-{number}"
            taken.add(stem.casefold())
            put(os.path.join(folder, f"{stem}.xml"), "\n".join(self._suite(suite, at)))

    def _suite(self, suite: Suite, at: float) -> list[str]:
        about = {
            "tests": len(suite.cases),
            "errors": suite.number("error"),
            "failures": suite.number("failure"),
            "hostname": self._host,
            "name": suite.name,
            "time": _seconds(suite.seconds),
            "timestamp": f"{_moment(at)}.{int(at % 1 * 1_000_000):06d}",
            "skipped": suite.number("skipped"),
        }
        inner = _properties([*((name, str(value)) for name, value in self.properties.items()), *suite.properties])
        for case in suite.cases:
            inner += _case(case, case.classname)
        inner.append(text_element("system-out", {}, "".join(case.out for case in suite.cases)))
        inner.append(text_element("system-err", {}, "".join(case.err for case in suite.cases)))
        return element("testsuite", about, inner)

    def _kind_of_failure(self, problem: Problem) -> str:
        # As these files have always said, although the runner counts a failure.
        return "error" if problem.outcome is Outcome.UNEXPECTED_SUCCESS else "failure"

    def _type(self, problem: Problem) -> str:
        return f"<class '{problem.type_name}'>"

    def _text(self, problem: Problem) -> str:
        if problem.is_doctest:
            return f"{problem.message}\n\n"
        frames = problem.traceback.removeprefix("Traceback (most recent call last):\n")
        last = f"{problem.type_name}: {problem.message}\n" if problem.message else f"{problem.type_name}\n"
        return f"{problem.message}\n\n{frames.removesuffix(last)}"


def junit(options: argparse.Namespace, target: str | None) -> OneFile:
    """The format ``junit``, for ``--junit-xml``.  Raises `OSError` if the file cannot be written."""
    return OneFile(target, host_of(options))


def directory(options: argparse.Namespace, target: str | None) -> FilePerSuite:
    """The format ``xml``, for ``--xml``.  Raises `OSError` if the directory cannot be made or written to."""
    return FilePerSuite(os.curdir if target is None else target, host_of(options))


def _make(folder: str) -> None:
    """Make a directory, and those that it is in, unless it is there.  Raises `OSError`."""
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from None


def _case(case: Case, classname: str, streams: Iterable[tuple[str, str]] = ()) -> list[str]:
    inner = []
    if case.kind == "skipped":
        inner.append(text_element("skipped", {"message": case.message}, ""))
    elif case.kind != "passed":
        first = next(iter(case.message.splitlines()), "")
        text = case.text if case.text.endswith("\n") else f"{case.text}\n"
        inner.append(text_element(case.kind, {"message": first, "type": case.type}, text))
    inner += [text_element(name, {}, text) for name, text in streams if text]
    return element("testcase", {"classname": classname, "name": case.name, "time": _seconds(case.seconds)}, inner)


def _properties(properties: Iterable[tuple[str, str]]) -> list[str]:
    inner = [text_element("property", {"name": name, "value": value}, "") for name, value in properties]
    return element("properties", {}, inner)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"


def _moment(at: float) -> str:
    """Local time without a zone, as schemas have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(at))
