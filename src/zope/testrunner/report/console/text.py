"""Reports for people: `OutputFormatter` writes plain text to standard output.

Its methods are called by `zope.testrunner.report.formatter_adapter`, at the moments that the events of the same meaning
describe, and by code of users, who subclass it.  It knows neither events nor how tests are run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from zope.testrunner.report.console import progress_line as progress
from zope.testrunner.report.console.text_formatting import TextFormatting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from zope.testrunner.core.exception_snapshot import LooseExcInfo
    from zope.testrunner.core.model import Test
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.report.formatter_protocol import Growth, ImportProblem, Settings


class OutputFormatter(TextFormatting):
    """Plain text on standard output, which is looked up at each write.

    ``options`` are those of the command line; None gives a formatter for formatting only.
    """

    banner: ClassVar[str] = "*" * 70
    #: What stands before the number of skipped tests.
    before_skips: ClassVar[str] = " and "

    def __init__(self, options: Settings | None) -> None:
        super().__init__()
        self.options = options
        # How many columns of the line that shows the progress are in use.
        self._width = 0

    @property
    def verbose(self) -> int:
        """How much to tell, 0 to 4."""
        # Asked several times for each test, so the usual case comes first.
        try:
            return self.options.verbose or 0  # type: ignore[union-attr]
        except AttributeError:
            return 0

    @property
    def progress(self) -> bool:
        """Whether one line shows how far the run is."""
        try:
            return self.options.progress or False  # type: ignore[union-attr]
        except AttributeError:
            return False

    @property
    def in_subprocess(self) -> bool:
        """Whether this process is one of several that run layers at the same time."""
        return getattr(self.options, "resume_layer", None) is not None and getattr(self.options, "processes", 1) > 1

    @cached_property
    def max_width(self) -> int:
        """The number of columns of the terminal, 80 if it is unknown."""
        from zope.testrunner.report.console.terminfo import tigetnum

        return tigetnum("cols", 80) or 80

    def does_nothing(self, verb: str) -> bool:
        """Whether calling the method ``verb`` with the present settings is certain to have no effect.

        Such calls are left out, so that a quiet run does not pay for them.  Methods that a subclass defines always count.
        """
        return (
            verb in self._idle_verbs()
            and getattr(type(self), verb) is getattr(OutputFormatter, verb)
            and verb not in vars(self)
        )

    def _idle_verbs(self) -> Iterable[str]:
        verbose = self.verbose
        if verbose < 3:
            yield "test_success"
        if verbose < 2:
            yield "test_skipped"
        if verbose < 1:
            yield "stop_test"
            if not self.progress and not self.in_subprocess:
                yield "start_test"

    def new_line(self) -> None:
        """The line that showed the progress is left behind: another process goes on with lines of its own."""
        self._width = 0

    # Sentences

    def info(self, message: str) -> None:
        """A line of information."""
        self._write(self._painted("info", message) + "\n")

    def info_suboptimal(self, message: str) -> None:
        """A line about something that works, but not as well as it could."""
        self._write(self._painted("suboptimal-behaviour", message) + "\n")

    def error(self, message: str) -> None:
        """An error."""
        self._write(self._painted("error", message) + "\n")

    def error_with_banner(self, message: str) -> None:
        """An error that cannot be overlooked."""
        lines = (self._painted("error", text) for text in (self.banner, message, self.banner))
        self._write("\n" + "".join(f"{line}\n" for line in lines) + "\n")

    # Layers

    def start_set_up(self, layer_name: str) -> None:
        """A layer is set up next; the line is finished by `stop_set_up`."""
        self._write(f"  Set up {layer_name} ")
        self._flush()

    def stop_set_up(self, seconds: float) -> None:
        """The layer is set up."""
        self._write(f"in {self.format_seconds(seconds)}.\n")

    def start_tear_down(self, layer_name: str) -> None:
        """A layer is torn down next; the line is finished by `stop_tear_down` or `tear_down_not_supported`."""
        self._write(f"  Tear down {layer_name} ")
        self._flush()

    def stop_tear_down(self, seconds: float) -> None:
        """The layer is torn down."""
        self._write(f"in {self.format_seconds(seconds)}.\n")

    def tear_down_not_supported(self) -> None:
        """The layer cannot be torn down."""
        self._write(f"... {self._painted('suboptimal-behaviour', 'not supported')}\n")

    def layer_failure(self, kind: str, exc_info: LooseExcInfo) -> None:
        """The set-up or tear-down that was announced last raised an exception; ``kind`` is ``setUp`` or ``tearDown``."""
        if getattr(exc_info, "is_shown", False):
            return
        self._write("\n")
        self.error(self.format_traceback(exc_info))
        self._flush()

    # Tests

    def start_test(self, test: Test, tests_run: int, total_tests: int) -> None:
        """A test starts; it is number ``tests_run`` of ``total_tests`` of its layer."""
        verbose = self.verbose
        if self.progress:
            line = progress.counter(tests_run, total_tests)
            if verbose == 1:
                line += self.getShortDescription(test, self.max_width - len(line) - 1)
            elif verbose > 1:
                line += self._name_on_line(test, len(line))
            self._write((progress.wipe(self._width) if self._width else "") + line)
            self._width = len(line)
            self._flush()
        elif verbose == 1:
            self._write("." * test.countTestCases())
            if self._is_watched():
                self._flush()
        else:
            if self.in_subprocess:
                # A sign of life for the parent process.
                self._write("." * test.countTestCases() + "\n")
                self._flush()
            if verbose > 1:
                self._write(f" {test}")
                # The last name in a log tells which test hangs, or took the interpreter down.
                self._flush()

    def test_success(self, test: Test, seconds: float) -> None:
        """A test passed, or failed as expected."""
        if self.verbose > 2:
            self._add(f" ({self.format_seconds_short(seconds)})")

    def test_skipped(self, test: Test, reason: str) -> None:
        """A test, or a part of it, was skipped."""
        verbose = self.verbose
        if verbose > 1:
            self._add(f" ({self._painted('skipped', f'skipped: {reason}' if verbose > 2 else 'skipped')})")

    def fixture_skipped(self, test: Test, reason: str) -> None:
        """The set-up of a class or module skipped the tests in it; ``test`` names that set-up."""
        verbose = self.verbose
        if verbose > 1 and not self.progress:
            text = f"skipped: {reason}" if verbose > 2 else "skipped"
            self._write(f" {test} ({self._painted('skipped', text)})\n")

    def test_error(
        self,
        test: Test,
        seconds: float,
        exc_info: LooseExcInfo,
        stdout: str | None = None,
        stderr: str | None = None,
    ) -> None:
        """A test raised an exception after ``seconds``; what it had written, when output is held back, comes along."""
        self._report_problem("Error", test, seconds, exc_info, stdout, stderr)

    def test_failure(
        self,
        test: Test,
        seconds: float,
        exc_info: LooseExcInfo,
        stdout: str | None = None,
        stderr: str | None = None,
    ) -> None:
        """An assertion of a test failed after ``seconds``; what it had written, when output is held back, comes along."""
        self._report_problem("Failure", test, seconds, exc_info, stdout, stderr)

    def fixture_failed(
        self, fixture: object, exc_info: LooseExcInfo, stdout: str | None = None, stderr: str | None = None
    ) -> None:
        """A class or module fixture failed, between two tests and in no time worth telling."""
        self._report_problem("Error", fixture, None, exc_info, stdout, stderr)

    def stop_test(self, test: Test, gccount: int) -> None:
        """A test is over; a garbage collection after it, if there was one, freed ``gccount`` objects."""
        verbose = self.verbose
        if gccount and verbose:
            mark = "!" if verbose == 1 else f" [{gccount}]"
            self._write(mark)
            if self.progress:
                self._width += len(mark)
        if verbose > 1 and not self.progress:
            self._write("\n")

    def stop_tests(self) -> None:
        """The last test of a layer, or of one repetition of them, is over."""
        showing = self.progress
        if showing and self._width:
            # The width is kept, so that whatever else a process wrote at the start of this line is wiped too.
            self._write(progress.wipe(self._width))
        if showing or self.verbose == 1:
            self._write("\n")

    # Things left behind

    def test_garbage(self, test: Test, garbage: Sequence[object]) -> None:
        """A test left objects that cannot be collected."""
        self._write(f"The following test left garbage:\n{test}\n{_listed(garbage)}\n")

    def test_cycles(self, test: Test, cycles: Iterable[Iterable[Iterable[str]]]) -> None:
        """A test left cycles, each given as its objects, each of those as the lines of its repr."""
        self._write(f"The following test left cyclic garbage behind:\n{test}\n")
        for number, cycle in enumerate(cycles, 1):
            objects = ("\n   ".join(lines) for lines in cycle)
            self._write(f"Cycle {number}\n" + "".join(f" *  {text}\n" for text in objects))

    def test_threads(self, test: Test, new_threads: Sequence[object]) -> None:
        """A test left threads running."""
        self._write(f"The following test left new threads behind:\n{test}\nNew thread(s): {_listed(new_threads)}\n")

    def garbage(self, garbage: Sequence[object]) -> None:
        """The tests of a layer left objects that cannot be collected."""
        self._write(f"Tests generated new ({len(garbage)}) garbage:\n{_listed(garbage)}\n")

    # Numbers

    def summary(self, n_tests: int, n_failures: int, n_errors: int, n_seconds: float, n_skipped: int = 0) -> None:
        """The counts of a layer, or of one repetition of it."""
        self._counts("  Ran ", " with ", n_tests, n_failures, n_errors, n_seconds, n_skipped)

    def totals(self, n_tests: int, n_failures: int, n_errors: int, n_seconds: float, n_skipped: int = 0) -> None:
        """The counts of the whole run."""
        self._counts("Total: ", ", ", n_tests, n_failures, n_errors, n_seconds, n_skipped)

    def refcounts(self, rc: int, prev: int) -> None:
        """The number of references to all objects, now and one repetition before."""
        self._write(f"  sys refcount={rc:<8d} change={rc - prev:<6d}\n")

    def detailed_refcounts(self, track: Growth, rc: int, prev: int) -> None:
        """The same with a table of what changed by type."""
        self._write(f"  sum detail refcount={track.n:<8d} sys refcount={rc:<8d} change={rc - prev:<6d}\n")
        track.output()

    def readings(self, readings: Iterable[Reading]) -> None:
        """What other trackers say about one repetition."""
        from zope.testrunner.report.shared_wording import reading_line

        for reading in readings:
            self._write(f"{reading_line(reading)}\n")
            if reading.changes:
                from zope.testrunner.report.console.growth_table import growth_rows, growth_table

                self._write(growth_table(growth_rows(reading.changes)))

    def leak(self, text: str) -> None:
        """What was found out about a leak: a title, and lines that explain it."""
        title, _, rest = text.partition("\n")
        self._width = 0
        if self.verbose == 1 or self.progress:
            self._write("\n")
        self._write(f"\n{self._painted('error', title)}\n" + (f"{rest}\n" if rest else ""))
        if self.verbose != 1:
            self._write("\n")

    def retained(self, text: str) -> None:
        """What a test left on itself."""
        self._width = 0
        self._write(f"\n{text}\n" if self.verbose == 1 or self.progress else f"{text}\n")

    def leak_list(self, text: str) -> None:
        """The names of all that leak."""
        self._write(f"{text}\n")

    # The report at the end

    def import_errors(self, import_errors: Iterable[ImportProblem] | None) -> None:
        """Which modules could not be imported, and why; said at the beginning, with None or nothing if there are none."""
        failures = list(import_errors or ())
        if not failures:
            return
        self._write("Test-module import failures:\n")
        for failure in failures:
            self._write("\n" + self._painted("error", f"Module: {failure.module}\n") + "\n")
            self._write_report(self._format_import_error(failure.exc_info), is_doctest=False)
        self._write("\n")
        self._flush()

    def modules_with_import_problems(self, import_errors: Iterable[ImportProblem] | None) -> None:
        """The names of these modules once more, at the end."""
        failures = list(import_errors or ())
        if failures:
            names = "".join(f"  {failure.module}\n" for failure in failures)
            self._write(f"\nTest-modules with import problems:\n{names}")

    def tests_with_errors(self, errors: Iterable[tuple[object, ...]]) -> None:
        """The names of what ended in errors: the first item of each entry."""
        self._names("Tests with errors:", errors)

    def tests_with_failures(self, failures: Iterable[tuple[object, ...]]) -> None:
        """The names of what failed: the first item of each entry."""
        self._names("Tests with failures:", failures)

    def problem_list(self, problems: Sequence[tuple[str, str]], again: str) -> None:
        """Last of all, the problems as pairs of a name and ``path:line`` (or nothing), and a command to run them again."""
        if getattr(self.options, "quiet", False):
            return
        lines = [f"  {location}: {name}\n" if location else f"  {name}\n" for name, location in problems]
        title = "\nProblems:\n" if lines else ""
        command = f"\nTo run only these again:\n  {again}\n" if again else ""
        self._write(f"{title}{''.join(lines)}{command}")

    def list_of_tests(self, tests: Iterable[object], layer_name: str) -> None:
        """The tests of one layer, instead of running them."""
        self._write(f"Listing {layer_name} tests:\n" + "".join(f"  {test}\n" for test in tests))

    def profiler_stats(self, stats: object) -> None:
        """What a profiler measured: the first fifty entries of a `pstats.Stats`."""
        print_stats = getattr(stats, "print_stats", None)
        if callable(print_stats):
            print_stats(50)

    # Parts of the report

    def _name_on_line(self, test: Test, width: int) -> str:
        """The name of a test for a line that has ``width`` columns already, and that a time or a mark may follow.

        What is wider than the window cannot be wiped.  Where there is no window, nothing is cut.
        """
        if not self._is_watched():
            return f" {test}"
        return self.getShortDescription(test, self.max_width - width - 1 - (_FOR_TIME if self.verbose > 2 else _FOR_MARK))

    def _add(self, text: str) -> None:
        if self.progress and "\033" not in text and self._is_watched():
            text = text[: max(0, self.max_width - self._width - 1)]
        self._write(text)
        if self.progress:
            # One more than was written, as ever: a blank too many does no harm.
            self._width += len(text) + 1

    def _report_problem(
        self,
        title: str,
        test: object,
        seconds: float | None,
        exc_info: LooseExcInfo,
        stdout: str | None,
        stderr: str | None,
    ) -> None:
        time = f" ({self.format_seconds_short(seconds)})\n" if self.verbose > 2 and seconds is not None else ""
        self._write(f"{time}\n")
        self.print_traceback(f"{title} in test {test}", exc_info)
        self.print_std_streams(stdout, stderr)
        self._width = 0
        # Should the interpreter go down in the next test, this is on paper.
        self._flush()

    def _counts(self, start: str, joint: str, tests: int, failures: int, errors: int, seconds: float, skipped: int) -> None:
        self.info(
            f"{start}{self._painted('number', str(tests))} tests{joint}"
            f"{self._painted('error-number' if failures else 'ok-number', str(failures))} failures, "
            f"{self._painted('error-number' if errors else 'ok-number', str(errors))} errors{self.before_skips}"
            f"{self._painted('skipped' if skipped else 'ok-number', str(skipped))} skipped"
            f" in {self.format_seconds(seconds)}."
        )

    def _names(self, title: str, entries: Iterable[tuple[object, ...]]) -> None:
        names = "".join(f"   {entry[0]}\n" for entry in entries)
        if names:
            self._write(f"\n{title}\n{names}")


#: Columns for what follows the name of a test: `` (1234.567 s)``, and `` (skipped)``.
_FOR_TIME, _FOR_MARK = 13, 10


def _listed(things: Iterable[object]) -> str:
    """The repr of a list with these things in it, whatever their own reprs do."""
    return f"[{', '.join(map(_repr, things))}]"


def _repr(thing: object) -> str:
    try:
        return repr(thing)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # such as SystemExit
        return f"<{type(thing).__qualname__} instance at {id(thing):#x}>"
