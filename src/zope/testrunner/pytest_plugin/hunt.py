"""Judging the items of a pytest session, and what is told of it; loaded only if that was asked for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import _pytest
import pluggy
import pytest

from zope.testrunner.leaks import (
    CannotRepeat,
    Hunter,
    Policy,
    describe,
    fixed,
    what_disturbs,
    what_hunts_cannot_see,
)

# What explains is there before the first test: a test must not find more modules after a leak than before it.
from zope.testrunner.leaks import explain as _explain  # noqa: F401
from zope.testrunner.leaks.finding import Finding
from zope.testrunner.leaks.first_look import Frame, NoFrame
from zope.testrunner.leaks.markers import Agreement, Expected, known, marker_for, unchecked
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.rss_confirm import Rise, rise_again
from zope.testrunner.leaks.settlers import news
from zope.testrunner.leaks.trackers.process_memory import Resident
from zope.testrunner.leaks.triage import weigh
from zope.testrunner.leaks.verdict import DEFAULT
from zope.testrunner.leaks.wording import deltas
from zope.testrunner.pytest_plugin.items import FirstRun, QuietRerun, run_by_others, untraced

#: What pytest's markers of these names say.
_MARKERS: Final = {"expected_leak": known, "no_leak_check": unchecked}

#: Where pytest is.
_PYTEST: Final = tuple(os.path.dirname(str(module.__file__)) + os.sep for module in (pytest, _pytest, pluggy))

_DEBUGGED: Final = "the debugger was entered, after which nothing is run again"

# Notes on an item go from the process that runs it to the one that reports it as an attribute of a test report, which has
# to consist of lists and strings: of what kind it is, then its lines.
_ATTRIBUTE: Final = "zope_testrunner_leaks"
_LEAK, _STALE, _KNOWN, _TOLD, _UNJUDGED, _MINOR = "leak", "stale", "known", "told", "unjudged", "minor"
# About all tests.
_GENERAL: Final = "general"

#: How often ``-v`` has to be given for such a note to be shown.
_VERBOSITY: Final = {_KNOWN: 1, _MINOR: 2}


class Asked(NamedTuple):
    """What was asked for.

    ``hunt`` is STAB:RUN, nothing for as many runs as it takes, None for no hunt; ``rss_limit`` is in bytes.
    """

    hunt: str | None
    explain: bool
    report_only: bool
    rss_limit: int | None

    @property
    def policy(self) -> Policy:
        """How many runs decide; what is suspect after them is confirmed in any case."""
        return fixed(self.hunt)._replace(confirm=DEFAULT.confirm) if self.hunt else DEFAULT


def register(config: pytest.Config, asked: Asked) -> None:
    """Have the items of this session judged.

    Raises `pytest.UsageError` for what cannot be done here.
    """
    why = Resident().unavailable() if asked.rss_limit is not None else None
    if why is not None:
        raise pytest.UsageError(f"--rss-limit: the memory of this process cannot be read: {why.why}; leave it out")
    config.pluginmanager.register(Judge(asked), "zope.testrunner.judge")
    config.pluginmanager.register(Summary(asked), "zope.testrunner.summary")


class Judge:
    """Runs items, and those that pass again to judge them."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._hunter: Hunter | None = None
        self._resident = Resident()
        self._debugged = False
        self._is_introduced = False
        # Whether other plugins are asked to run an item.
        self._is_asking = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Look at all markers, before anything is run."""
        if not _is_worker(session.config):
            for item in session.items:
                marker_of(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Tell of a marker that says nothing in a process of pytest-xdist: nothing gets out of there but reports."""
        if _is_worker(item.config):
            try:
                marker_of(item)
            except pytest.UsageError as error:
                pytest.fail(str(error), pytrace=False)

    def pytest_enter_pdb(self) -> None:
        """Nobody wants to debug a test a dozen times."""
        self._debugged = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run an item and judge it; None to have it run as always."""
        if self._is_asking:
            return None
        try:
            marker = marker_of(item)
        except pytest.UsageError:
            # Its set-up fails for that.
            return None
        if (marker is not None and not marker.judged) or item.config.getoption("setuponly", False):
            return None
        by_others = run_by_others(item)
        if not by_others:
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        again: QuietRerun | None = None
        why: str | None = None
        try:
            again = QuietRerun(item)
        except CannotRepeat as error:
            why = str(error)
        sibling = again.pristine if again is not None else nextitem
        work = _Work(FirstRun(item, nextitem, sibling, self.thaw, by_others=by_others), again, self)
        self._is_asking = by_others
        done = False
        try:
            finding = self._hunt(work, why)
            rise = self._rise(work, why)
            done = True
        finally:
            self._is_asking = False
            if done:
                self._note(item, work.first, finding, rise, marker)
            work.first.finish(tear_down=done)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the garbage collector as it was."""
        self.thaw()

    def thaw(self) -> None:
        """Have fixtures of higher scopes torn down with a garbage collector that sees everything."""
        if self._hunter is not None:
            self._hunter.thaw()

    @property
    def debugged(self) -> bool:
        """Whether the debugger was entered."""
        return self._debugged

    def memory(self) -> int:
        """The bytes of memory that this process has, 0 if nobody asked."""
        return self._resident.sample().total if self._asked.rss_limit is not None else 0

    def _hunt(self, work: _Work, why: str | None) -> Finding | None:
        """Run an item and find out whether it leaks; None if that was not asked for, or it did not pass."""
        if self._asked.hunt is None or why is not None or self._debugged:
            work.begin(NoFrame())
            if self._asked.hunt is None or not work.first.passed:
                return None
            return Finding(Growth.NOT_REPEATABLE if why else Growth.NOT_JUDGED, (), 1, why or _DEBUGGED)
        if self._hunter is None:
            asked = self._asked
            # An explanation is needed to tell a leak from a cache that is not full yet.
            self._hunter = Hunter(policy=asked.policy, adaptive=not asked.hunt, clears_at_once=True)
        try:
            return self._hunter.hunt(work.again, first=work)
        except _DidNotPass:
            return None
        except _Debugged:
            return Finding(Growth.NOT_JUDGED, (), 1, _DEBUGGED)

    def _rise(self, work: _Work, why: str | None) -> Rise | None:
        """What the item did to the memory of the process, if that was more than it may."""
        limit = self._asked.rss_limit
        if limit is None or work.grown <= limit:
            return None
        if not work.first.passed:
            return Rise(work.grown, why="it did not pass, so it was not run again")
        if why is not None or self._debugged:
            return Rise(work.grown, why=why or _DEBUGGED)
        try:
            return rise_again(work.grown, limit, self.memory, work.again)
        except CannotRepeat as error:
            return Rise(work.grown, why=f"cannot be repeated: {error}")
        except _Debugged:
            return Rise(work.grown, why=_DEBUGGED)

    def _note(
        self, item: pytest.Item, first: FirstRun, finding: Finding | None, rise: Rise | None, marker: Expected | None
    ) -> None:
        """Put what was found out on the reports."""
        notes: list[list[str]] = [[_GENERAL, line] for line in self._general(finding)]
        numbers: list[tuple[str, object]] = []
        is_problem = False
        if finding is not None:
            kind, lines, is_problem = self._told(item.nodeid, finding, marker)
            if kind is not None:
                notes.append([kind, *lines])
            if finding.growth not in (Growth.STABLE, Growth.NOT_JUDGED):
                numbers.append(("leaks", finding.growth.value))
            numbers += [(f"leaks {each.tracker} each run", each.per_run) for each in finding.grown]
        if rise is not None:
            notes.append([_LEAK if rise.is_leak else _TOLD, rise.line(item.nodeid)])
            numbers += [("rss", rise.first), *((f"rss again {number}", each) for number, each in enumerate(rise.again, 1))]
            is_problem = is_problem or rise.is_leak
        for report in first.reports:
            report.user_properties = [*report.user_properties, *numbers]
        report = first.reports[0]
        if notes:
            setattr(report, _ATTRIBUTE, notes)
        if is_problem and not self._asked.report_only:
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)
            report.longrepr = "\n".join([line for note in notes if note[0] in (_LEAK, _STALE) for line in note[1:]])

    def _general(self, finding: Finding | None) -> list[str]:
        """What is to be known of the numbers of all tests."""
        if finding is None or self._hunter is None:
            return []
        lines: list[str | None] = []
        if not self._is_introduced:
            self._is_introduced = True
            # As in a run that is measured.
            with untraced():
                lines = [what_hunts_cannot_see(), what_disturbs()]
        if finding.is_leak:
            counts = [each for each in finding.verdicts if each.tracker == "refcounts"]
            untold = [each.why for each in counts if each.why and each.growth is Growth.NOT_JUDGED]
            lines += [f"References are left out: {why}." for why in untold]
        return [*filter(None, lines), *news()]

    def _told(self, name: str, finding: Finding, marker: Expected | None) -> tuple[str | None, tuple[str, ...], bool]:
        """A note on a finding: its kind, None for no note, its lines, and whether it is a problem."""
        judgement = weigh(finding, name, marker)
        if finding.growth is Growth.NOT_JUDGED and not finding.verdicts:
            return _UNJUDGED, (finding.why or "",), False
        if finding.growth is Growth.NOT_REPEATABLE:
            return _TOLD, (f"{name}: cannot be repeated: {finding.why}",), False
        if judgement.agreement is Agreement.STALE and not finding.is_leak:
            return _STALE, (f"{name}: {judgement.why}",), True
        if finding.is_leak:
            lines: tuple[str, ...] = (f"{name}: {deltas(finding, self._asked.policy.runs)}",)
            if judgement.agreement is not None:
                lines = (*lines, f"  {judgement.agreement.value}: {judgement.why}")
            if self._asked.explain:
                # The first two lines say with other numbers what the first one here says.
                lines = (*lines, *describe(_without_pytest(finding), name)[2:])
            return _LEAK if judgement.is_problem else _KNOWN, lines, judgement.is_problem
        return (_MINOR, judgement.report, False) if judgement.report else (None, (), False)


class Summary:
    """Tells what was found out, in the process that has the terminal."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._notes: list[list[str]] = []

    def pytest_report_header(self) -> str | None:
        """How tests are judged."""
        if self._asked.hunt is None:
            return None
        policy = self._asked.policy
        if self._asked.hunt:
            warmup, runs = (f"{number} time{'s' if number != 1 else ''}" for number in (policy.warmup, policy.runs))
            return f"leaks: every test is run {warmup} to settle down and {runs} to be judged"
        return "leaks: a test that changes something is run again until it is clear whether it leaks"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect notes."""
        self._notes += getattr(report, _ATTRIBUTE, ())

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """A leak is an outcome of its own."""
        if report.when == "call" and any(note[0] == _LEAK for note in getattr(report, _ATTRIBUTE, ())):
            return "leaked", "L", ("LEAKED", {"red" if report.failed else "yellow": True})
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The section on leaks."""
        verbosity = max(0, terminalreporter.config.get_verbosity())
        apart = (_UNJUDGED, _GENERAL)
        shown = [note for note in self._notes if note[0] not in apart and _VERBOSITY.get(note[0], 0) <= verbosity]
        general = dict.fromkeys(note[1] for note in self._notes if note[0] == _GENERAL)
        unjudged = Counter(note[1] for note in self._notes if note[0] == _UNJUDGED)
        if not shown and not unjudged and not general:
            return
        terminalreporter.write_sep("=", "leaks summary")
        for note in shown:
            for line in note[1:]:
                terminalreporter.write_line(line)
        for why, number in unjudged.items():
            terminalreporter.write_line(f"{number} test{'s' if number > 1 else ''} not judged: {why}")
        for line in general:
            terminalreporter.write_line(line)


def _without_pytest(finding: Finding) -> Finding:
    """The same, but for places in pytest, if there are others: it has to remember what it runs."""
    found = finding.explanation
    places = tuple(place for place in found.places if not place.path.startswith(_PYTEST)) if found is not None else ()
    return finding._replace(explanation=found._replace(places=places)) if found is not None and places else finding


def marker_of(item: pytest.Item) -> Expected | None:
    """What is known about the leaks of an item: from the closest marker of pytest, or from one of `zope.testrunner.leaks`.

    Raises `pytest.UsageError` for a marker that says nothing.
    """
    for mark in item.iter_markers():
        make: Callable[..., Expected] | None = _MARKERS.get(mark.name)
        if make is not None:
            try:
                if mark.args:
                    raise ValueError(f"name what {', '.join(map(repr, mark.args))} is: reason=…")
                return make(**mark.kwargs)
            except TypeError as error:
                takes = "a reason, a kind and a max" if make is known else "a reason"
                fact = str(error).partition("() ")[2] or error
                raise pytest.UsageError(f"{item.nodeid}: the marker {mark.name} takes {takes} ({fact})") from None
            except ValueError as error:
                raise pytest.UsageError(f"{item.nodeid}: the marker {mark.name}: {error}") from None
    return marker_for(*(getattr(item, name, None) for name in ("obj", "cls", "module")))


def _is_worker(config: pytest.Config) -> bool:
    """Whether this process belongs to pytest-xdist, and another one has the terminal."""
    return hasattr(config, "workerinput")


class _DidNotPass(Exception):
    """The run for the result did not pass, so there is nothing to judge."""


class _Debugged(Exception):
    """The debugger was entered, so there is nothing to repeat."""


class _Work:
    """An item as the work of a hunt: the first time for its result, unnoticed from then on."""

    def __init__(self, first: FirstRun, again: QuietRerun | None, judge: Judge) -> None:
        self.first = first
        self.grown = 0
        self._again = again
        self._judge = judge

    def __call__(self, frame: Frame) -> None:
        self.begin(frame)
        if not self.first.passed:
            raise _DidNotPass
        if self._judge.debugged:
            raise _Debugged

    def begin(self, frame: Frame) -> None:
        """Run it for its result, whatever that is."""
        before = self._judge.memory()
        self.first(frame)
        self.grown = self._judge.memory() - before

    def again(self) -> None:
        """Run it unnoticed; raises `CannotRepeat` or `_Debugged`."""
        assert self._again is not None
        self._again(self.first.reports[0])
        if self._judge.debugged:
            raise _Debugged
