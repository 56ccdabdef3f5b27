"""The historical way to XML reports: `XMLOutputFormattingWrapper`, a formatter around another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from zope.testrunner.core import events
from zope.testrunner.core.exception_snapshot import snapshot
from zope.testrunner.core.model import ImportFailure, LayerName, Outcome, TestRef
from zope.testrunner.report.eventlog import host_of
from zope.testrunner.report.xml.junit import FilePerSuite
from zope.testrunner.system.originals import time

if TYPE_CHECKING:
    import unittest

    from zope.testrunner.core.events import Event
    from zope.testrunner.core.exception_snapshot import LooseExcInfo


class XMLOutputFormattingWrapper:
    """A formatter that passes everything on to another one, and writes what it learns about tests to a directory.

    For code that wraps formatters by itself; the runner does not need it for ``--xml``.
    """

    def __init__(self, delegate: object, folder: str) -> None:
        self.delegate = delegate
        self._report = FilePerSuite(folder, host_of(None))

    def __getattr__(self, name: str) -> object:
        return getattr(self.delegate, name)

    def test_success(self, test: unittest.TestCase, seconds: float) -> None:
        """A test passed."""
        self._finished(test, seconds, Outcome.PASSED)
        self._delegate("test_success", test, seconds)

    def test_skipped(self, test: unittest.TestCase, reason: str) -> None:
        """A test was skipped."""
        self._finished(test, 0.0, Outcome.SKIPPED, reason)
        self._delegate("test_skipped", test, reason)

    def test_error(
        self,
        test: unittest.TestCase,
        seconds: float,
        exc_info: LooseExcInfo,
        stdout: str | None = None,
        stderr: str | None = None,
    ) -> None:
        """A test raised an exception."""
        self._failed("test_error", Outcome.ERRORED, test, seconds, exc_info, stdout, stderr)

    def test_failure(
        self,
        test: unittest.TestCase,
        seconds: float,
        exc_info: LooseExcInfo,
        stdout: str | None = None,
        stderr: str | None = None,
    ) -> None:
        """An assertion of a test failed."""
        self._failed("test_failure", Outcome.FAILED, test, seconds, exc_info, stdout, stderr)

    def import_errors(self, import_errors: Iterable[object] | None) -> None:
        """Some modules could not be imported."""
        from zope.testrunner.core.exception_snapshot import snapshot

        failures = list(import_errors or ())
        found = (
            ImportFailure(
                str(getattr(each, "module", each)),
                snapshot(Outcome.ERRORED, getattr(each, "exc_info", None) or (None, None, None), standard=True),
            )
            for each in failures
        )
        self._emit(events.Discovered(time.time(), 0, 0, 0, tuple(found)))
        self._delegate("import_errors", failures or None)

    def writeXMLReports(self, properties: Mapping[str, object] = MappingProxyType({})) -> None:
        """Write the files; the properties are stated in each of them."""
        self._report.properties = properties
        self._report.finish(time.time())
        self._report.close()

    def _finished(self, test: unittest.TestCase, seconds: float, outcome: Outcome, *reasons: str) -> None:
        self._emit(events.TestFinished(time.time(), 0, _ref(test), outcome, seconds, reasons))

    def _failed(
        self,
        verb: str,
        outcome: Outcome,
        test: unittest.TestCase,
        seconds: float,
        exc_info: LooseExcInfo,
        stdout: str | None,
        stderr: str | None,
    ) -> None:

        problem = snapshot(outcome, exc_info).detached()
        self._emit(events.ProblemReported(time.time(), 0, _ref(test), problem, seconds, None, stdout, stderr))
        self._emit(events.TestFinished(time.time(), 0, _ref(test), outcome, seconds))
        if stdout is None and stderr is None:
            # Older formatters do not know them.
            self._delegate(verb, test, seconds, exc_info)
        else:
            self._delegate(verb, test, seconds, exc_info, stdout=stdout, stderr=stderr)

    def _emit(self, event: Event) -> None:
        take = self._report.takes(type(event))
        if take is not None:
            take(event)

    def _delegate(self, verb: str, *arguments: object, **named: object) -> None:
        getattr(self.delegate, verb)(*arguments, **named)


def _ref(test: unittest.TestCase) -> TestRef:
    return TestRef(test, LayerName(""))
