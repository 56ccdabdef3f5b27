"""Running an item of pytest in two parts: once for its result, and again without anybody noticing."""

from __future__ import annotations

import copy
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

import pytest

# Other plugins that run items again have been using these for many years.
from _pytest.logging import caplog_records_key
from _pytest.mark.structures import NodeKeywords
from _pytest.runner import check_interactive_exception, runtestprotocol

from zope.testrunner.leaks import CannotRepeat
from zope.testrunner.leaks.first_look import Frame, NoFrame
from zope.testrunner.leaks.not_repeatable import CannotGoOn
from zope.testrunner.pytest_plugin.examples import same_examples
from zope.testrunner.pytest_plugin.quiet import collected_reports, stop_timer, timed, unnoticed

#: Containers of an item that its runs add to.
_GROWING: Final = ("own_markers", "user_properties", "_report_sections", "extra_keyword_matches")


class FirstRun:
    """The run of an item that its result comes from.

    What does not pass is reported at once, and torn down as always.  If it passes, or fails as expected, fixtures of
    higher scopes stay, so that it can be run again.  Either way its last ``reports`` are held back: on the test, unless
    that has been reported, and on its tear-down.  `finish` passes them on, and tears down what the next item does not need.

    ``sibling`` is what the tear-down takes for the next item.  ``before_end`` is called before fixtures of higher scopes
    are torn down.  With ``by_others``, another plugin runs the item, maybe several times until it passes.
    """

    def __init__(
        self,
        item: pytest.Item,
        next_item: pytest.Item | None,
        sibling: pytest.Item | None,
        before_end: Callable[[], None],
        *,
        by_others: bool = False,
    ) -> None:
        self._item = item
        self._next = next_item
        self._sibling = sibling
        self._before_end = before_end
        self._by_others = by_others
        debug = item.config.getoption("usepdb", False)
        self._ends_session = (pytest.exit.Exception,) if debug else (pytest.exit.Exception, KeyboardInterrupt)
        self.reports: list[pytest.TestReport] = []
        #: Whether sub-tests have failed.
        self._failed_parts = False

    @property
    def passed(self) -> bool:
        """Whether all went as it should and the session goes on, so that the item can be run again."""
        return len(self.reports) == 2 and self.reports[1].passed and not self._failed_parts and not self._is_ending

    @property
    def is_last(self) -> bool:
        """Whether more is to be torn down than the item itself before the next one."""
        above = self._item.listchain()[:-1]
        return self._after is None or self._after.listchain()[: len(above)] != above

    def __call__(self, frame: Frame) -> None:
        """Run it, and say to the frame where it begins and ends."""
        if not self._by_others:
            # As it is in the end, and as pytest leaves items that were run.
            self._forget()
            _drop_instance(self._item)
            _make_room(self._item.stash)
            frame.begin()
        self._run(frame)
        if not self._by_others:
            self._forget()
            _drop_instance(self._item)
            frame.end()

    def _run(self, frame: Frame) -> None:
        _make_request(self._item)
        if self._by_others:
            self._have_it_run()
            stop_timer(self._item)
            return
        if self._phase("setup", frame).passed:
            before = _failed_parts(self._item.config).copy()
            self._phase("call", frame, hold=not self._is_ending, keep=True)
            # Such a test passes until its report is passed on.
            self._failed_parts = _failed_parts(self._item.config) != before
        if not self.reports and self.is_last:
            self._before_end()
        after = self._sibling if self.reports else self._after
        self._phase("teardown", frame, hold=True, keep=True, nextitem=after)
        stop_timer(self._item)

    def finish(self, *, tear_down: bool = True) -> None:
        """Pass on the reports that were held back, and tear down the rest, if that is wanted."""
        report_hook = self._item.ihook.pytest_runtest_logreport
        if len(self.reports) == 2:
            report_hook(report=self.reports[0])
        if self.reports:
            if (len(self.reports) == 2 or self._by_others) and self.is_last and tear_down:
                self._before_end()
                self._tear_down_more()
            report_hook(report=self.reports[-1])
        self._forget()

    def _have_it_run(self) -> None:
        """Have another plugin run it, and hold back the last reports."""
        report_hook, reports = self._item.ihook.pytest_runtest_logreport, []
        before = _failed_parts(self._item.config).copy()
        try:
            with collected_reports(self._item.config) as reports:
                self._item.ihook.pytest_runtest_protocol(item=self._item, nextitem=self._sibling)
        finally:
            ends = [report.when for report in reports[-2:]] == ["call", "teardown"] and _went_well(reports[-2])
            held = 2 if ends and not self._is_ending else 1
            for report in reports[:-held]:
                report_hook(report=report)
            self.reports = reports[-held:]
            self._failed_parts = _failed_parts(self._item.config) != before

    @property
    def _is_ending(self) -> bool:
        return bool(self._item.session.shouldfail or self._item.session.shouldstop)

    @property
    def _after(self) -> pytest.Item | None:
        """The next item, none if the session is about to end, as pytest has it."""
        return None if self._is_ending else self._next

    def _tear_down_more(self) -> None:
        """The second half of the tear-down, of what is above the item."""
        first = self.reports[-1]
        # The first half has taken these away, and the second will want to do so.
        self._item.stash[caplog_records_key] = {}
        vars(self._item)["funcargs"] = {}
        second = self._phase("teardown", NoFrame(), hold=True, nextitem=self._after)
        second.duration += first.duration
        second.user_properties = first.user_properties
        if first.failed and second.failed:
            second.longrepr = f"{first.longreprtext}\n\n{second.longreprtext}"
        if second.failed or not first.failed:
            self.reports[-1] = second

    def _phase(
        self,
        when: Literal["setup", "call", "teardown"],
        frame: Frame,
        *,
        hold: bool = False,
        keep: bool = False,
        **arguments: pytest.Item | None,
    ) -> pytest.TestReport:
        """Run a part of the item, and report it; with ``hold``, a report that nothing went wrong is only returned.

        With ``keep``, it is held back, but for one of a test that did not pass.

        What the report takes is none of the item's; what pytest knows of the call is there before and after that.
        """
        hooks, item = self._item.ihook, self._item
        hook = getattr(hooks, f"pytest_runtest_{when}")

        # Not a function of ours, which would be in the traceback of what fails.
        run = functools.partial(hook, item=item, **arguments)
        call: pytest.CallInfo[object] = pytest.CallInfo.from_call(run, when=when, reraise=self._ends_session)
        frame.leave()
        report: pytest.TestReport = hooks.pytest_runtest_makereport(item=item, call=call)
        _have_own_times(report)
        if not hold or (when == "call" and not _went_well(report)):
            hooks.pytest_runtest_logreport(report=report)
        if check_interactive_exception(call, report):
            hooks.pytest_exception_interact(node=item, call=call, report=report)
        if keep and (when != "call" or (_went_well(report) and not self._is_ending)):
            self.reports.append(report)
        frame.enter()
        return report

    def _forget(self) -> None:
        """Let go of what the fixtures gave, as pytest does."""
        if hasattr(self._item, "_request"):
            vars(self._item).update(_request=False, funcargs=None)


class QuietRerun:
    """Runs an item again: its set-up, the test and its tear-down, with fixtures of higher scopes as they are.

    To be made before the first run.  Each run is that of a copy of the item as it was then.  What it writes, logs,
    warns of or reports is dropped.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._config = item.config
        #: It is never run, and stands for the next item meanwhile.
        self.pristine = duplicate(item)

    def __call__(self, expected: pytest.TestReport) -> None:
        """Run it.

        Raises `CannotRepeat` if it does not end as that report says.
        """
        twin = duplicate(self.pristine)
        # Gone after the run.
        request = getattr(twin, "_request", None)
        parts = _failed_parts(self._config)
        before = parts.copy()
        try:
            with unnoticed(self._config), same_examples(), untraced(), timed(twin):
                reports = runtestprotocol(twin, log=False, nextitem=self.pristine)
        except (pytest.exit.Exception, pytest.fail.Exception) as error:
            with unnoticed(self._config):
                twin.session._setupstate.teardown_exact(self.pristine)  # noqa: SLF001 - as pytest's own runner does
            if isinstance(error, pytest.exit.Exception):
                raise CannotGoOn(f"ends the session when run again: {error}") from None
            raise CannotRepeat(f"failed when run again: {error}") from None
        finally:
            failed = sum(parts.values()) - sum(before.values())
            # It was not this run that the report is about.
            parts.clear()
            parts.update(before)
            for definition in getattr(request, "_fixture_defs", {}).values():
                if getattr(definition, "scope", "function") != "function":
                    _drop_spent(definition._finalizers)  # noqa: SLF001 - see there
        for report in reports:
            wanted = expected if report.when == "call" else None
            if report.outcome != (wanted.outcome if wanted else "passed") or (
                wanted and hasattr(report, "wasxfail") != hasattr(wanted, "wasxfail")
            ):
                raise CannotRepeat(f"{_PARTS[report.when or 'call']}{report.outcome} when run again{_reason(report)}")
        if failed:
            raise CannotRepeat(f"{failed} of its sub-tests failed when run again")


_PARTS: Final = {"setup": "its set-up ", "call": "", "teardown": "its tear-down "}


def duplicate(item: pytest.Item) -> pytest.Item:
    """An item that does the same, and shares nothing that running it changes.

    Raises `CannotRepeat` if it cannot be copied.
    """
    try:
        twin = copy.copy(item)
    except Exception as error:
        raise CannotRepeat(f"an item of type {type(item).__name__} cannot be copied: {error}") from None
    own = vars(twin)
    for name in _GROWING:
        if isinstance(own.get(name), list | set):
            own[name] = own[name].copy()
    keywords = copy.copy(item.keywords)
    if isinstance(keywords, NodeKeywords):
        keywords.node = twin
        keywords._markers = dict(keywords._markers)  # noqa: SLF001 - what it is made of
    own["keywords"] = keywords
    twin.stash = pytest.Stash()
    twin.stash._storage.update(item.stash._storage)  # noqa: SLF001 - as above
    examples = own.get("dtest")
    if examples is not None:
        own["dtest"] = examples = copy.copy(examples)
        # Running them empties their namespace.
        examples.globs = dict(examples.globs)
    _drop_instance(twin)
    _make_request(twin, always=True)
    return twin


def _drop_instance(item: pytest.Item) -> None:
    """Let go of the object that an item is a method of: every run has another one."""
    own = vars(item)
    instance = own.get("_instance")
    # Hypothesis refuses to run one test with two objects.
    if not getattr(own.get("_obj"), "is_hypothesis_test", False):
        own.pop("_instance", None)
    if "_instance" not in own and instance is not None and getattr(own.get("_obj"), "__self__", None) is instance:
        del own["_obj"]


def _make_room(stash: pytest.Stash) -> None:
    """Let a stash have room for what pytest notes while an item runs."""
    key = pytest.StashKey[None]()
    stash[key] = None
    del stash[key]


def _have_own_times(report: pytest.TestReport) -> None:
    """Let a report not hold the numbers of the call that it is about."""
    for name in ("duration", "start", "stop"):
        number = getattr(report, name, None)
        if type(number) is float:
            setattr(report, name, number + 0.0)


def _make_request(item: pytest.Item, *, always: bool = False) -> None:
    """Let an item ask for its fixtures, even if it has done so before."""
    if hasattr(item, "_initrequest") and (always or not getattr(item, "_request", True)):
        item._initrequest()  # noqa: SLF001 - as pytest's own runner does for items that are run again


def _failed_parts(config: pytest.Config) -> dict[object, int]:
    """How many sub-tests have failed, by test, where pytest counts them: since version 9."""
    known = getattr(sys.modules.get("_pytest.subtests"), "failed_subtests_key", None)
    return config.stash.get(known, {}) if known is not None else {}


def _went_well(report: pytest.TestReport) -> bool:
    """Whether a test passed, or failed as expected."""
    return report.passed or (report.skipped and hasattr(report, "wasxfail"))


def _reason(report: pytest.TestReport) -> str:
    """What went wrong, in a line."""
    found = report.longrepr
    text = found[2] if isinstance(found, tuple) else ""
    crash = getattr(found, "reprcrash", None)
    if crash is not None:
        text = crash.message
    first = (text or report.longreprtext).strip().split("\n")[0]
    return f": {first}" if first else ""


def _drop_spent(finalizers: list[object]) -> None:
    """Remove from the end of such a list what finishes fixtures that are finished.

    A fixture of a higher scope remembers all that were made with the help of it until its own end: one more for each
    run of an item, which is pytest's way and no leak of the test.
    """
    while finalizers:
        last = finalizers[-1]
        made = getattr(last.func, "__self__", None) if isinstance(last, functools.partial) else None
        if getattr(made, "cached_result", made) is not None or made is None:
            break
        finalizers.pop()


@contextmanager
def untraced() -> Iterator[None]:
    """Without trace functions: coverage.py keeps something for each thread that is started."""
    here, threads = sys.gettrace(), threading.gettrace()
    if here is threads is None:
        # Since Python 3.12, to set none has every function that is called later take note of it, which is a block for each.
        yield
        return
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(threads)
        sys.settrace(here)


def run_by_others(item: pytest.Item) -> bool:
    """Whether another plugin runs this item instead of pytest: to have it pass at last, or in a process of its own."""
    for each in item.config.hook.pytest_runtest_protocol.get_hookimpls():
        is_wrapper = each.hookwrapper or getattr(each, "wrapper", False)
        if is_wrapper or each.function.__module__.startswith(("_pytest.", "zope.testrunner.")):
            continue
        # It tells in how many times it would run an item, if at all.
        count = getattr(each.plugin, "get_reruns_count", None)
        if count is None or count(item) is not None:
            return True
    return False
