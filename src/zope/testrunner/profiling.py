"""Where the tests spend their time: `Profiling`, and the profilers that it can use."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Importance, Notice, ProfileReady
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature

if TYPE_CHECKING:
    import cProfile
    import pstats

    from zope.testrunner.core.run import Run

#: What the files with measurements are called: these two around something random.
PREFIX, SUFFIX = "tests_profile.", ".prof"


class CProfiler:
    """The profiler `cProfile`, which measures the thread that starts it."""

    def __init__(self) -> None:
        import cProfile

        self._profile: cProfile.Profile = cProfile.Profile()

    def start(self) -> None:
        """Measure from here on; raises `ValueError` if another profiler is at work."""
        self._profile.enable()

    def stop(self) -> None:
        """Measure no more."""
        self._profile.disable()

    def save(self, path: str) -> None:
        """Write what was measured to a file that `pstats` can read."""
        self._profile.dump_stats(path)


#: The profilers by the names by which ``--profile`` chooses one.
available_profilers: dict[str, Callable[[], CProfiler]] = {"cProfile": CProfiler}


class Profiling(Feature):
    """Measures the run from after its preparation until the last layer is torn down, and reports what took longest.

    Each process writes a file of its own to ``--profile-directory``; the first one adds them up.
    """

    active = True

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._directory: str = runner.options.prof_dir
        self._pid = os.getpid()
        self._profiler: CProfiler | None = None
        # A test may go to another directory.
        self._path = os.path.join(runner.cwd or os.getcwd(), self._directory)

    def global_setup(self) -> None:
        if self.runner.worker:
            return
        try:
            os.makedirs(self._path, exist_ok=True)
            for name in self._files():
                os.remove(os.path.join(self._path, name))
        except OSError as error:
            raise UsageError(f"--profile-directory: cannot write to {error.filename}: {error.strerror}", status=1) from None

    def _files(self) -> list[str]:
        return sorted(name for name in os.listdir(self._path) if name.startswith(PREFIX) and name.endswith(SUFFIX))

    def late_setup(self) -> None:
        self._start()

    def worker_setup(self) -> None:
        if self._pid != os.getpid() and self._profiler is not None:
            # What the process that this one was forked from has measured so far is in its own file.
            self._profiler.stop()
            self._start()

    def worker_teardown(self) -> None:
        self._finish()

    def early_teardown(self) -> None:
        self._finish()

    def _start(self) -> None:
        self._profiler = available_profilers[self.runner.options.profile]()
        try:
            self._profiler.start()
        except ValueError:
            self._profiler = None
            raise UsageError("--profile cannot be used under another profiler; leave out one of them", status=1) from None

    def _finish(self) -> None:
        profiler, self._profiler = self._profiler, None
        if profiler is None:
            return
        from tempfile import mkstemp

        profiler.stop()
        try:
            descriptor, path = mkstemp(SUFFIX, PREFIX, self._path)
            os.close(descriptor)
            profiler.save(path)
        except OSError as error:
            self._complain(f"cannot write to {self._path}: {error.strerror}")

    def report(self) -> None:
        if self.runner.worker:
            return
        stats = self._total()
        if stats is not None:
            stats.sort_stats("cumulative", "calls")
            self.runner.emit(ProfileReady(self.runner.clock(), self.runner.worker, _as_text(stats), stats))

    def _total(self) -> pstats.Stats | None:
        """What all processes have measured together."""
        from pstats import Stats

        total: Stats | None = None
        for name in self._files():
            path = os.path.join(self._path, name)
            try:
                stats = Stats(path)
            except (EOFError, ValueError, TypeError, OSError) as error:
                self._complain(f"{name} cannot be read: {error}")
                continue
            # What it shows of a file begins with when that was written, and is to have the name as the user would give it.
            stats.files = [each.replace(path, os.path.join(self._directory, name)) for each in stats.files]  # type: ignore[attr-defined]
            total = stats if total is None else total.add(stats)
        return total

    def _complain(self, text: str) -> None:
        self.runner.emit(Notice(self.runner.clock(), self.runner.worker, Importance.SUBOPTIMAL, f"Profile: {text}"))


def _as_text(stats: pstats.Stats) -> str:
    from io import StringIO

    usual, text = stats.stream, StringIO()  # type: ignore[attr-defined]  # documented as an argument
    stats.stream = text  # type: ignore[attr-defined]
    stats.print_stats(50)
    stats.stream = usual  # type: ignore[attr-defined]
    return text.getvalue()
