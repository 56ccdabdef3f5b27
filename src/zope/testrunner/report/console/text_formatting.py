"""Names, times and tracebacks as text, plain or painted: `TextFormatting`."""

from __future__ import annotations

import sys

from zope.testrunner.report.console import progress_line as progress
from zope.testrunner.report.console.stdout import StandardOutput
from zope.testrunner.report.recorded_objects import ReportedExcInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.exception_snapshot import LooseExcInfo


class TextFormatting(StandardOutput):
    """What reports for people are composed of."""

    def getShortDescription(self, test: object, room: int) -> str:
        """A blank and the name of a test, cut to ``room`` columns."""
        return progress.short_description(str(test), room)

    def format_seconds(self, n_seconds: float) -> str:
        """A time for people: ``0.123 seconds``, ``1 minutes 2.000 seconds``."""
        if n_seconds < 60:
            return f"{self._painted('number', f'{n_seconds:.3f}')} seconds"
        minutes, seconds = divmod(n_seconds, 60)
        return f"{self._painted('number', f'{int(minutes)}')} minutes {self._painted('number', f'{seconds:.3f}')} seconds"

    def format_seconds_short(self, n_seconds: float) -> str:
        """The time of one test: ``0.123 s``."""
        return f"{n_seconds:.3f} s"

    def format_traceback(self, exc_info: LooseExcInfo) -> str:
        """The report on an exception, as text."""
        if isinstance(exc_info, ReportedExcInfo):
            return exc_info.report
        from zope.testrunner.core.exception_snapshot import report_text

        return report_text(exc_info)

    def print_traceback(self, msg: str, exc_info: LooseExcInfo) -> None:
        """Write a title and the report on an exception."""
        self._write(f"\n{self._painted('error', msg)}\n")
        if isinstance(exc_info, ReportedExcInfo):
            is_doctest = exc_info.is_doctest
        else:
            from zope.testrunner.core.exception_snapshot import is_doctest_report

            is_doctest = is_doctest_report(exc_info)
        self._write_report(self.format_traceback(exc_info), is_doctest)

    def print_std_streams(self, stdout: str | None, stderr: str | None) -> None:
        """Write what a test wrote: to standard output and standard error, as the test meant it."""
        if stdout:
            self._write(_section("Stdout:", stdout))
        if stderr:
            self._flush()
            (sys.stderr or sys.__stderr__ or sys.stdout).write(_section("Stderr:", stderr))

    def _format_import_error(self, exc_info: LooseExcInfo | None) -> str:
        if exc_info is None:
            return ""
        if isinstance(exc_info, ReportedExcInfo):
            return exc_info.report
        from zope.testrunner.core.exception_snapshot import report_text

        return report_text(exc_info, standard=True)

    # What a subclass may do in another way

    def _painted(self, role: str, text: str) -> str:
        """The text in the colour of its role; plain text has none."""
        return text

    def _write_report(self, text: str, is_doctest: bool) -> None:
        """Write the report on an exception, and an empty line."""
        self._write(text + "\n")


def _section(title: str, text: str) -> str:
    return f"{title}\n{text}" + ("\n" if text.endswith("\n") else "\n\n")
