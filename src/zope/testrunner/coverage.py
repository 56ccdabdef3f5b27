"""Which lines the tests execute, measured by coverage.py: `Coverage`.

`TestTrace` and `TestIgnore`, which count lines with nothing but the standard library, can be imported from here as ever.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, Protocol

from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature
from zope.testrunner.system.kept_tracing import keep_tracing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType, TracebackType
    from typing import TextIO

    from zope.testrunner.core.run import Run
    from zope.testrunner.system.trace_coverage import TestIgnore, TestTrace

__all__ = ["Coverage", "TestIgnore", "TestTrace"]

#: Settings of coverage.py of which any says what is to be measured, and that the search paths are not.
_SOURCES = ("run:source", "run:source_pkgs", "run:source_dirs", "run:include")


class Data(Protocol):
    """What is used of ``coverage.CoverageData``."""

    def update(self, other: Data) -> None: ...


class Measurement(Protocol):
    """What is used of ``coverage.Coverage``."""

    def get_option(self, option_name: str) -> object: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def save(self) -> None: ...
    def erase(self) -> None: ...
    def combine(self, data_paths: Sequence[str]) -> None: ...
    def get_data(self) -> Data: ...
    def report(self, *, file: TextIO, ignore_errors: bool) -> float: ...
    def html_report(self, *, directory: str, ignore_errors: bool) -> float: ...


class Coverage(Feature):
    """Measures from before test modules are imported until the last layer is torn down, in child processes as well.

    The directory that ``--coverage`` names gets the data file, ``.coverage``, and the folder ``html``.  The project's own
    configuration of coverage.py holds, and may put them elsewhere.  If it does not say what to measure, that is what is
    below the search paths, or in the packages that ``--package`` names.

    Each process writes a data file of its own beside the one that the first of them puts together at the end.  Where
    coverage.py is running already, as in ``coverage run bin/test``, this only adds what child processes execute.
    """

    active = True

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._library = _library()
        # Relative paths mean this one, in the project's configuration as well, wherever tests go.
        self._home = runner.cwd or os.getcwd()
        self._directory = os.path.join(self._home, runner.options.coverage)
        self._pid = os.getpid()
        self._own: Measurement | None = None
        self._outer: Measurement | None = None
        self._release: Callable[[], None] | None = None
        self._complaints: list[str] = []
        try:
            with in_directory(self._home):
                self._settings: Measurement = self._library.Coverage()
        except self._library.CoverageException as error:
            raise _unusable(error) from None
        self._data_file = self._path_of("run:data_file", ".coverage", "COVERAGE_FILE")
        self._html = self._path_of("html:directory", "htmlcov") if self._is_set("html:directory", "htmlcov") else (
            os.path.join(self._directory, "html")
        )

    def _is_set(self, option: str, default: str) -> bool:
        return self._settings.get_option(option) != default

    def _path_of(self, option: str, default: str, variable: str = "") -> str:
        """Where something is to be written: where the project's configuration says, or else in the directory."""
        if self._is_set(option, default) or (variable and variable in os.environ):
            return os.path.join(self._home, str(self._settings.get_option(option)))
        return os.path.join(self._directory, default)

    # The first process, and children that were started anew

    def global_setup(self) -> None:
        is_first = self.runner.worker == 0
        if is_first:
            self._make_ready()
        self._outer = self._library.Coverage.current()
        if self._outer is None:
            self._start()
        else:
            self._release = keep_tracing()

    def early_teardown(self) -> None:
        self._stop()

    def global_teardown(self) -> None:
        if self.runner.worker == 0:
            with self._listening(), in_directory(self._home):
                self._combine()

    def report(self) -> None:
        if self.runner.worker:
            return
        if self._outer is not None:
            self._notify(
                Importance.INFO,
                "Coverage is measured by what started this process, and reported there; --coverage has added what child "
                "processes executed.",
            )
        else:
            with self._listening(), in_directory(self._home):
                self._report()
        for text in self._complaints:
            self._notify(Importance.SUBOPTIMAL, f"Coverage: {text}")

    # Children of any kind

    def worker_setup(self) -> None:
        if self._pid == os.getpid():
            # Started anew, with a measurement of its own.
            return
        if self._outer is not None:
            # Its data file belongs to the process that this one was forked from.
            self._stop()
            self._outer.stop()
            self._start()

    def worker_teardown(self) -> None:
        self._stop()

    # Measuring

    def _start(self) -> None:
        settings: dict[str, list[str]] = {}
        if not any(map(self._has_setting, _SOURCES)):
            options = self.runner.options
            if options.package:
                settings["source_pkgs"] = list(options.package)
            else:
                settings["source"] = list(dict.fromkeys(path for path, _ in options.test_path)) or [self._home]
        try:
            with self._listening(), in_directory(self._home):
                own: Measurement = self._library.Coverage(data_file=self._data_file, data_suffix=True, **settings)
                own.start()
        except (self._library.CoverageException, ImportError) as error:
            # A plugin may be missing, for instance.
            raise _unusable(error) from None
        self._own = own
        self._release = keep_tracing()

    def _has_setting(self, option: str) -> bool:
        try:
            return bool(self._settings.get_option(option))
        except self._library.CoverageException:
            # This version does not know it.
            return False

    def _stop(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()
        own, self._own = self._own, None
        if own is None:
            return
        try:
            with self._listening(), in_directory(self._home):
                own.stop()
                own.save()
        except (self._library.CoverageException, OSError) as error:
            self._fail(f"what was measured cannot be written: {error}")

    # Telling

    def _make_ready(self) -> None:
        """Make the places to write to, and remove what an earlier run has left there."""
        from glob import escape, glob

        try:
            os.makedirs(self._directory, exist_ok=True)
            for path in (self._data_file, *glob(f"{escape(self._data_file)}.*")):
                if os.path.exists(path):
                    os.remove(path)
        except OSError as error:
            raise UsageError(f"--coverage: cannot write to {error.filename}: {error.strerror}", status=1) from None

    def _combine(self) -> None:
        total: Measurement = self._library.Coverage(data_file=self._data_file)
        self._total = total
        try:
            total.combine([os.path.dirname(self._data_file)])
            total.save()
            if self._outer is not None:
                self._outer.get_data().update(total.get_data())
                total.erase()
        except (self._library.CoverageException, OSError) as error:
            self._fail(f"the data of all processes cannot be put together: {error}")

    def _report(self) -> None:
        text = StringIO()
        try:
            percentage = self._total.report(file=text, ignore_errors=True)
            self._notify(Importance.INFO, text.getvalue().rstrip("\n"))
            self._total.html_report(directory=self._html, ignore_errors=True)
        except self._library.exceptions.NoDataError as error:
            # No line of what is to be measured was run, which is no problem where no test was.
            self._complaints.append(f"there is no report: {error}")
            self.runner.failed |= self.runner.ran > 0
            return
        except (self._library.CoverageException, OSError, UnicodeError) as error:
            # The last one is for directories whose names have bytes that are no UTF-8.
            self._fail(f"there is no report: {error}")
            return
        page = os.path.join(self._html, "index.html")
        near = os.path.relpath(page)
        self._notify(Importance.INFO, f"Line by line: {page if near.startswith(os.pardir) else near}")
        wanted = float(str(self._total.get_option("report:fail_under") or 0))
        if round(percentage, int(str(self._total.get_option("report:precision") or 0))) < wanted:
            self.runner.failed = True
            self._notify(
                Importance.ERROR, f"Coverage of {percentage:.2f}% is less than the {wanted:g}% that fail_under asks for."
            )

    def _fail(self, text: str) -> None:
        """Note a problem of the measurement, which was asked for and is not complete."""
        self._complaints.append(text)
        self.runner.failed = True

    def _notify(self, importance: Importance, text: str) -> None:
        self.runner.emit(Notice(self.runner.clock(), self.runner.worker, importance, text))

    def _listening(self) -> _Listening:
        return _Listening(self._complaints)


class _Listening(warnings.catch_warnings):
    """Keeps the warnings of coverage.py, which people are told at the end."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__(record=True)
        self._complaints = complaints

    def __enter__(self) -> list[warnings.WarningMessage]:
        self._warned = super().__enter__() or []
        warnings.simplefilter("always")
        return self._warned

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._complaints += [str(warning.message) for warning in self._warned]


@contextlib.contextmanager
def in_directory(path: str) -> Iterator[None]:
    """Be in another directory for a while, and then where this process was before, even if that directory is gone.

    If one cannot get there, as it is gone, everything goes on where it is.
    """
    before: int | str | None = None
    with contextlib.suppress(OSError, AttributeError):
        # The only way back to a directory that is gone.
        before = os.open(os.curdir, os.O_RDONLY | os.O_DIRECTORY)
    if before is None:
        # Windows has no such thing, and some directories cannot be read.
        with contextlib.suppress(OSError):
            before = os.getcwd()
    try:
        with contextlib.suppress(OSError):
            os.chdir(path)
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):
                os.chdir(before)
        if isinstance(before, int):
            os.close(before)


def _unusable(error: Exception) -> UsageError:
    text = str(error).partition("\n")[0]
    return UsageError(f"--coverage: the configuration of coverage.py cannot be used: {text}", status=1)


def _library() -> ModuleType:
    from importlib import import_module

    try:
        return import_module("coverage")
    except ImportError:
        raise UsageError(
            "--coverage needs coverage.py, which is not installed: pip install 'zope.testrunner[coverage]'", status=1
        ) from None


def __getattr__(name: str) -> object:
    if name in ("TestTrace", "TestIgnore"):
        from zope.testrunner.system import trace_coverage as tracing

        return getattr(tracing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
