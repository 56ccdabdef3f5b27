"""What a run is asked to do, in frozen groups, made from the namespace of options.

Each stage of the run is given the one group that concerns it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

from zope.testrunner.core.model import LayerName, Levels
from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.value_class import Record

#: The first word of a worker's command line; other runs need not load what reads the rest.
RESUME = "--resume-layer"

#: The verbosity from which on cycles that tests leave are shown; to find them takes a second collection.
_SHOWS_CYCLES = 4


#: What asks for the watch in the place of numbers of runs: ``--leaks=watch``.
WATCH = "watch"


class Selection(Record):
    """Which tests are run.

    ``module``, ``test`` and ``layer`` are filter patterns (`zope.testrunner.filter.build_filtering_func`); a ``layer`` of
    None takes every layer.  The last four say where tests are looked for, so that messages can name it: directories,
    packages (empty: all), and the regular expressions for names of tests packages and of test files in them.
    """

    test: tuple[str, ...] = (".",)
    module: tuple[str, ...] = (".",)
    layer: tuple[str, ...] | None = None
    unit: bool = False
    non_unit: bool = False
    levels: Levels = Levels()
    require_unique: bool = False
    require_tests: bool = False
    listing: bool = False
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    tests_pattern: str = "^tests$"
    test_file_pattern: str = "^test"


class Ordering(Record):
    """In which order tests are run; a ``seed`` of None is drawn."""

    shuffle: bool = False
    seed: int | None = None


class Execution(Record):
    """How tests are run.

    ``repeat`` is how many times in a row, at least 1.  ``resume_layer`` is the one layer that a child process runs, and
    ``resume_number`` which child of its parent it is.  ``defaults`` and ``args`` are the words this process was started
    with, without the program's name, from which the command line of a child is made.  ``gc_after_test`` collects garbage
    after each test, ``cycles`` also finds out what it was.  ``post_mortem`` asks for a
    debugger at the first problem.

    ``processes`` is how many child processes run tests at a time; ``isolate`` has a single one do so.  ``start_method`` is
    ``fork``, ``spawn`` or None for what is best here.  A test may take ``timeout`` seconds, the set-up and the tear-down of
    a layer ``layer_timeout``.
    """

    repeat: int = 1
    stop_on_error: bool = False
    buffer: bool = False
    resume_layer: LayerName | None = None
    resume_number: int | None = None
    defaults: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ignore_new_threads: tuple[re.Pattern[str], ...] = ()
    processes: int = 1
    isolate: bool = False
    start_method: str | None = None
    timeout: float | None = None
    layer_timeout: float | None = None
    gc_after_test: bool = False
    cycles: bool = False
    post_mortem: bool = False

    @property
    def uses_children(self) -> bool:
        """Whether all tests are run by child processes, from the beginning."""
        if self.resume_layer is not None:
            return False
        return self.processes > 1 or self.isolate or self.timeout is not None or self.layer_timeout is not None


class LeakPolicy(Record):
    """What is done to find leaks.

    ``report`` measures memory after each repetition, ``details`` breaks that down by type.

    ``watch`` reads around each test, fixture and layer instead, and repeats nothing.

    ``hunt`` repeats each test to find out whether it leaks: the text is ``STAB:RUN``, numbers of runs to settle down and to
    judge, or empty for as few as it takes; ``layers`` does so with set-ups and tear-downs.  ``explain`` finds out what
    leaks, ``report_only`` does not fail the run for it.  ``baseline`` is a file with known leaks, ``update`` writes it;
    ``started_in`` is the directory from which its name is seen.

    Sizes are in bytes: ``rss_limit`` is what one test may add to the memory of the process, ``total_limit`` what the
    process may have, ``retained`` from which size on attributes that a test leaves on itself are reported.
    ``log_memory`` tells that the memory before and after each test is wanted.
    """

    report: bool = False
    details: bool = False
    hunt: str | None = None
    layers: bool = False
    explain: bool = True
    report_only: bool = False
    baseline: str | None = None
    update: bool = False
    rss_limit: int | None = None
    total_limit: int | None = None
    retained: int | None = None
    log_memory: bool = False
    started_in: str = os.curdir
    watch: bool = False

    @property
    def reads(self) -> bool:
        """Whether counters are read in any way to find leaks."""
        return self.report or self.hunts or self.watch

    @property
    def hunts(self) -> bool:
        """Whether anything is repeated to find leaks."""
        return self.hunt is not None or self.layers

    @property
    def watches_memory(self) -> bool:
        """Whether the memory of the process is looked at around each test."""
        return self.rss_limit is not None or self.total_limit is not None or self.log_memory


class Output(Record):
    """How much people are shown; times from ``slow_threshold`` seconds on are highlighted."""

    verbose: int = 0
    progress: bool = False
    color: bool = False
    slow_threshold: float = 10.0


class Config(Record):
    """Everything about a run that is decided before it starts."""

    select: Selection = Selection()
    order: Ordering = Ordering()
    execute: Execution = Execution()
    leaks: LeakPolicy = LeakPolicy()
    output: Output = Output()

    @classmethod
    def from_options(cls, options: object) -> Config:
        """The configuration that a namespace describes; attributes that it lacks count as not given.

        Raises `UsageError` for values that cannot be used.
        """
        resume = getattr(options, "resume_layer", None)
        verbose = getattr(options, "verbose", 0) or 0
        return cls(
            _selection(options),
            Ordering(bool(getattr(options, "shuffle", False)), getattr(options, "shuffle_seed", None)),
            Execution(
                repeat=max(1, getattr(options, "repeat", 1) or 1),
                stop_on_error=bool(getattr(options, "stop_on_error", False)),
                buffer=bool(getattr(options, "buffer", False)),
                resume_layer=None if resume is None else LayerName(resume),
                resume_number=getattr(options, "resume_number", None),
                defaults=_words(options, "testrunner_defaults"),
                args=_words(options, "original_testrunner_args")[1:],
                ignore_new_threads=tuple(map(_compiled, _words(options, "ignore_new_threads"))),
                processes=max(1, getattr(options, "processes", 1) or 1),
                isolate=bool(getattr(options, "isolate", False)),
                start_method=getattr(options, "start_method", None),
                timeout=getattr(options, "timeout", None),
                layer_timeout=getattr(options, "layer_timeout", None),
                gc_after_test=bool(getattr(options, "gc_after_test", False)),
                cycles=verbose >= _SHOWS_CYCLES,
                post_mortem=bool(getattr(options, "post_mortem", False)),
            ),
            _leak_policy(options, verbose),
            Output(
                verbose,
                bool(getattr(options, "progress", False)),
                bool(getattr(options, "color", False)),
                getattr(options, "slow_test_threshold", Output().slow_threshold),
            ),
        )


def from_start(options: object, path: str) -> str:
    """Where a path of the command line leads: it is seen from where that was given, not from the directory of the moment.

    Messages name it as the user did.
    """
    return os.path.join(getattr(options, "started_in", os.curdir), path)


def _leak_policy(options: object, verbose: int) -> LeakPolicy:
    report = bool(getattr(options, "report_refcounts", False))
    baseline = getattr(options, "leaks_baseline", None)
    hunt = getattr(options, "leaks", None)
    return LeakPolicy(
        report=report,
        details=report and verbose > 0,
        hunt=None if hunt == WATCH else hunt,
        layers=bool(getattr(options, "leaks_layers", False)),
        explain=bool(getattr(options, "leaks_explain", True)),
        report_only=bool(getattr(options, "leaks_report_only", False)),
        baseline=baseline,
        update=bool(getattr(options, "leaks_baseline_update", False)),
        rss_limit=getattr(options, "rss_limit", None),
        total_limit=getattr(options, "memory_total_limit", None),
        retained=getattr(options, "report_retained", None),
        log_memory=getattr(options, "rss_log", None) is not None,
        started_in=os.curdir if baseline is None else from_start(options, os.curdir),
        watch=hunt == WATCH,
    )


def _selection(options: object) -> Selection:
    layer = getattr(options, "layer", None)
    at_level = getattr(options, "at_level", 1)
    return Selection(
        test=_words(options, "test") or (".",),
        module=_words(options, "module") or (".",),
        layer=tuple(layer) if layer else None,
        unit=bool(getattr(options, "unit", False)),
        non_unit=bool(getattr(options, "non_unit", False)),
        levels=Levels(
            1 if at_level is None else at_level,
            getattr(options, "only_level", None),
            bool(getattr(options, "all", False)) or at_level == sys.maxsize,
        ),
        require_unique=bool(getattr(options, "require_unique_ids", False)),
        require_tests=bool(getattr(options, "require_tests", False)),
        listing=bool(getattr(options, "list_tests", False)),
        paths=tuple(path for path, _ in getattr(options, "test_path", None) or ()),
        packages=_words(options, "package"),
        tests_pattern=_expression(options, "tests_pattern", "^tests$"),
        test_file_pattern=_expression(options, "test_file_pattern", "^test"),
    )


def _words(options: object, name: str) -> tuple[str, ...]:
    words: Iterable[str] | None = getattr(options, name, None)
    return tuple(words or ())


def _expression(options: object, name: str, default: str) -> str:
    """The text of a regular expression of which the options have the search function."""
    value = getattr(options, name, default)
    pattern = getattr(value, "__self__", value)
    return str(getattr(pattern, "pattern", pattern))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--ignore-new-thread: {pattern!r} is not a regular expression: {error}") from None
