"""Results for other programs: `SubunitOutputFormatter` and `SubunitV2OutputFormatter`.

Both are sinks that turn events into packets.  They also have the methods that formatters have had for many years, for code
that calls those; a subclass that defines one of them anew is called through them only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from zope.testrunner.report.recorded_objects import RecordedTest, ReportedExcInfo
from zope.testrunner.report.subunit.byte_stream import binary
from zope.testrunner.report.subunit.encoding_v1 import Text
from zope.testrunner.report.subunit.encoding_v2 import Binary
from zope.testrunner.report.subunit.event_records import EventRecords
from zope.testrunner.report.subunit.records import TRACEBACK, Attachment, Test, stream_details
from zope.testrunner.system.originals import io, time

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.exception_snapshot import LooseExcInfo
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.report.formatter_protocol import ImportProblem, Settings
    from zope.testrunner.report.subunit.records import BinaryFile, Encoding

#: What a test has written to a stream, as those who call the methods of old have it.
Said = str | bytes | None

class SubunitOutputFormatter(EventRecords):
    """A subunit stream of version 1.

    ``stream`` is where bytes are written (None: standard output); a stream of text with a ``buffer`` is seen through.
    """

    progress = False

    def __init__(self, options: Settings | None, stream: object | None = None) -> None:
        file = binary(sys.stdout if stream is None else stream)
        super().__init__(options, self._version(file), file)
        # What the methods of old set up or tear down.
        self._hook = ""

    @staticmethod
    def _version(file: BinaryFile) -> Encoding:
        return Text(file)

    @property
    def verbose(self) -> int:
        """How much is told to people; here it decides about details of readings only."""
        return getattr(self.options, "verbose", 0) or 0

    # As a sink

    def takes(self, kind: type[Event]) -> Emit | None:
        """What is done with an event of this kind."""
        if self._is_changed():
            from zope.testrunner.report.formatter_adapter import FormatterAdapter

            return FormatterAdapter(lambda: _WithoutTakes(self)).takes(kind)
        return super().takes(kind)

    @classmethod
    def in_file(cls, options: Settings, path: str) -> SubunitOutputFormatter:
        """A stream in a file."""
        file = io.open(path, "wb")
        try:
            made = cls(options, file)
        except BaseException:
            # The library may be missing.
            file.close()
            raise
        made._owned = file
        # The output of the run is not caught, but has gone where it always goes.
        made._aside = None
        return made

    def _is_changed(self) -> bool:
        kind = type(self)
        return any(getattr(kind, verb) is not getattr(SubunitOutputFormatter, verb) for verb in _VERBS)

    # The methods of old

    def info(self, message: str) -> None:
        """Nothing: that is for people."""

    def info_suboptimal(self, message: str) -> None:
        """Something that could be better."""
        self._suboptimal(message, 0, time.time())

    def error(self, message: str) -> None:
        """Something went wrong outside of tests."""
        self._error(message, 0, time.time())

    def error_with_banner(self, message: str) -> None:
        """Something went wrong outside of tests."""
        self._banner(message, 0, time.time())

    def import_errors(self, import_errors: Sequence[ImportProblem] | None) -> None:
        """Modules that could not be imported."""
        for failure in import_errors or ():
            test = Test(failure.module, True, (self.TAG_IMPORT_ERROR,))
            report = "" if failure.exc_info is None else self._report(failure.exc_info)
            details = {"traceback": Attachment.text(report, TRACEBACK)}
            self._whole(test, time.time(), "error", details, timed=False)

    def modules_with_import_problems(self, import_errors: Sequence[ImportProblem] | None) -> None:
        """Nothing: `import_errors` has said it."""

    def start_set_up(self, layer_name: str) -> None:
        """A layer is about to be set up."""
        self._hook = layer_name
        self._packets.begin(self._pseudo(f"{layer_name}:setUp", 0, self.TAG_LAYER), time.time())

    def stop_set_up(self, seconds: float) -> None:
        """The layer is set up."""
        test = self._pseudo(f"{self._hook}:setUp", 0, self.TAG_LAYER)
        self._packets.end(test, time.time(), "success", self._take_output(0))
        self._layer_is_up(self._hook, 0)

    def start_tear_down(self, layer_name: str) -> None:
        """A layer is about to be torn down."""
        self._hook = layer_name
        self._layer_goes_down(layer_name, 0)
        self._packets.begin(self._pseudo(f"{layer_name}:tearDown", 0, self.TAG_LAYER), time.time())

    def stop_tear_down(self, seconds: float) -> None:
        """The layer is torn down."""
        test = self._pseudo(f"{self._hook}:tearDown", 0, self.TAG_LAYER)
        self._packets.end(test, time.time(), "success", self._take_output(0))

    def tear_down_not_supported(self) -> None:
        """The layer cannot be torn down."""
        test = self._pseudo(f"{self._hook}:tearDown", 0, self.TAG_LAYER)
        details = {"reason": Attachment.text("tearDown not supported")}
        self._packets.end(test, time.time(), "skip", details, simple=True)

    def layer_failure(self, failure_type: str, exc_info: LooseExcInfo) -> None:
        """The set-up or tear-down that has begun failed; ``failure_type`` is ``setUp`` or ``tearDown``."""
        test = self._pseudo(f"{self._hook}:{failure_type}", 0, self.TAG_LAYER)
        details = {"traceback": Attachment.text(self._report(exc_info), TRACEBACK)}
        self._packets.end(test, time.time(), "failure", details, simple=True)

    def start_test(self, test: object, tests_run: int, total_tests: int) -> None:
        """A test begins."""
        self._packets.begin(self._live(test), time.time())

    def test_success(self, test: object, seconds: float) -> None:
        """The test passed."""
        self._packets.end(self._live(test), time.time(), "success", {})

    def test_skipped(self, test: object, reason: str) -> None:
        """The test was skipped."""
        details = {"reason": Attachment.text(reason)}
        self._packets.end(self._live(test), time.time(), "skip", details, simple=True)

    def fixture_skipped(self, test: object, reason: str) -> None:
        """A fixture skipped its tests."""
        self.start_test(test, 0, 0)
        self.test_skipped(test, reason)

    def test_failure(
        self, test: object, seconds: float, exc_info: LooseExcInfo, stdout: Said = None, stderr: Said = None
    ) -> None:
        """The test failed."""
        self._problem("failure", test, exc_info, stdout, stderr)

    def test_error(
        self, test: object, seconds: float, exc_info: LooseExcInfo, stdout: Said = None, stderr: Said = None
    ) -> None:
        """The test ended in an error."""
        self._problem("error", test, exc_info, stdout, stderr)

    def stop_test(self, test: object, gccount: int) -> None:
        """Nothing: how the test ended has been said."""

    def stop_tests(self) -> None:
        """Nothing."""

    def test_garbage(self, test: object, garbage: Sequence[object]) -> None:
        """A test left garbage."""
        tagged = self._live(test).replace(tags=(self.TAG_GARBAGE,))
        self._whole(tagged, time.time(), "error", {"garbage": Attachment.text(str(garbage))})

    def test_cycles(self, test: object, cycles: object) -> None:
        """Nothing."""

    def test_threads(self, test: object, new_threads: Sequence[object]) -> None:
        """A test left threads."""
        tagged = self._live(test).replace(tags=(self.TAG_THREADS,))
        self._whole(tagged, time.time(), "error", {"threads": Attachment.text(str(new_threads))})

    def garbage(self, garbage: Sequence[object]) -> None:
        """A layer left garbage."""
        details = {"garbage": Attachment.text(str(garbage))}
        self._whole(self._pseudo(self.TAG_GARBAGE, 0, self.TAG_GARBAGE), time.time(), "success", details)

    def refcounts(self, rc: int, prev: int) -> None:
        """How many references there are, and how many there were."""
        self._counts("refcounts", rc, rc - prev, None, 0, time.time())

    def detailed_refcounts(self, track: object, rc: int, prev: int) -> None:
        """The same with a table of types."""
        self._counts("refcounts", rc, rc - prev, getattr(track, "delta", None), 0, time.time())

    def readings(self, readings: Iterable[Reading]) -> None:
        """What trackers read."""
        for reading in readings:
            self._reading(reading, 0, time.time())

    def profiler_stats(self, stats: object) -> None:
        """The result of a profiler, as `pstats.Stats`."""
        self._profile(stats, "", 0, time.time())

    def summary(self, **counts: float) -> None:
        """Nothing: consumers count."""

    def totals(self, **counts: float) -> None:
        """Nothing: consumers count."""

    def tests_with_errors(self, errors: object) -> None:
        """Nothing."""

    def tests_with_failures(self, failures: object) -> None:
        """Nothing."""

    def list_of_tests(self, tests: Iterable[object], layer_name: str) -> None:
        """The tests of a layer."""
        around = (f"{self.TAG_LAYER}:{layer_name}",)
        for test in tests:
            self._packets.exists(self._live(test).replace(around=around), time.time())
        self._packets.tag(())

    def _live(self, test: object) -> Test:
        return Test(cast("RecordedTest", test).id(), True, (), self._around(0))

    def _problem(
        self, status: str, test: object, exc_info: LooseExcInfo, stdout: Said, stderr: Said
    ) -> None:
        details = {"traceback": Attachment.text(self._report(exc_info), TRACEBACK)} | stream_details(stdout, stderr)
        self._packets.end(self._live(test), time.time(), status, details)

    def _report(self, exc_info: LooseExcInfo) -> str:
        if isinstance(exc_info, ReportedExcInfo):
            return exc_info.report
        from zope.testrunner.core.exception_snapshot import report_text

        return report_text(exc_info)


class SubunitV2OutputFormatter(SubunitOutputFormatter):
    """A subunit stream of version 2."""

    @staticmethod
    def _version(file: BinaryFile) -> Encoding:
        return Binary(file)


#: The methods of old, which a subclass may define anew.
_VERBS = tuple(
    name
    for name in vars(SubunitOutputFormatter)
    if not name.startswith("_") and name.islower() and name not in ("takes", "close", "in_file", "progress", "verbose")
)


class _WithoutTakes:
    """A formatter of which only the methods of old are to be seen."""

    def __init__(self, formatter: object) -> None:
        self._formatter = formatter

    def __getattr__(self, name: str) -> object:
        return getattr(self._formatter, name)


def version_1(options: argparse.Namespace, target: str | None) -> Sink:
    """A stream of version 1 in a file, or on standard output."""
    kind = SubunitOutputFormatter
    return kind(options) if target is None else kind.in_file(options, target)


def version_2(options: argparse.Namespace, target: str | None) -> Sink:
    """A stream of version 2 in a file, or on standard output."""
    kind = SubunitV2OutputFormatter
    return kind(options) if target is None else kind.in_file(options, target)
