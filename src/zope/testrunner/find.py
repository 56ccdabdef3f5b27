"""Finding tests: from directories to files, modules, suites, and tests by layer.

The main way in is `find_tests`; `find_suites` is for those who want the suites of the modules.  Nothing here runs a test.
"""

from __future__ import annotations

import gc
import os
import sys
import unittest
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from zipimport import zipimporter

from zope.testrunner.core.events import Discovered, Importance, ImportsSummed, Notice
from zope.testrunner.core.exception_snapshot import snapshot
from zope.testrunner.core.layer_registry import current_registry
from zope.testrunner.core.model import (
    ImportFailure,
    LayerName,
    Outcome,
    Plan,
    Test,
)
from zope.testrunner.discovery.by_layer import name_from_layer, tests_from_suite
from zope.testrunner.discovery.files import (
    IGNORE_FOLDERS,
    _extend_path,
    _fix_path,
    contains_init_py,
    find_test_files,
    remove_stale_bytecode,
    strip_py_ext,
    test_dirs,
    walk_with_symlinks,
)
from zope.testrunner.discovery.importing import NOT_OURS, StartUpFailure, see_forks, users_frames
from zope.testrunner.discovery.journal import Journal, journal_of_run
from zope.testrunner.discovery.loader import loader_for
from zope.testrunner.exceptions import (
    DuplicateTestIDError,
)
from zope.testrunner.execution.forks import Forks, current
from zope.testrunner.feature import Feature
from zope.testrunner.filter import build_filtering_func
from zope.testrunner.planning.slim_tests import share

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from zope.testrunner.discovery.files import identifier

__all__ = [
    "IGNORE_FOLDERS",
    "DuplicateTestIDError",
    "Find",
    "StartUpFailure",
    "contains_init_py",
    "find_suites",
    "find_test_files",
    "find_tests",
    "identifier",
    "import_name",
    "name_from_layer",
    "remove_stale_bytecode",
    "strip_py_ext",
    "test_dirs",
    "tests_from_suite",
    "walk_with_symlinks",
]


def __getattr__(name: str) -> object:
    if name == "identifier":
        from zope.testrunner.discovery import files

        return files.identifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Tests by layer


def find_tests(
    options: argparse.Namespace, found_suites: Iterable[unittest.TestSuite | Test] | None = None
) -> dict[str | None, unittest.TestSuite]:
    """The selected tests in a suite per layer, by the layer's name; start-up failures are under None.

    Layers with no test are not there.  ``found_suites`` are used instead of looking for test modules.  Stale bytecode is
    removed first unless ``options.keepbytecode``.

    Raises `DuplicateTestIDError` if ``options.require_unique_ids`` and two tests have the same name, and `UsageError` if a
    package to search in cannot be imported.
    """
    of_run = journal_of_run.get(None) is not None
    journal = journal_of_run.get(None) or Journal()
    token = journal_of_run.set(journal)
    try:
        # To look for tests in packages is to import them, which may change what is in directories.
        journal.looks_again = found_suites is None and not options.package
        try:
            remove_stale_bytecode(options)
        finally:
            journal.looks_again = False
        if found_suites is None:
            found_suites = find_suites(options, build_filtering_func(options.module))
        accept = build_filtering_func(options.test)
        seen: set[str] = set()
        duplicated: set[str] = set()
        tests: dict[str | None, list[Test]] = {}
        for suite in found_suites:
            for test, layer in tests_from_suite(
                suite, options, accept=accept, seen_test_ids=seen, duplicated_test_ids=duplicated
            ):
                if of_run:
                    share(test)
                try:
                    tests[layer].append(test)
                except KeyError:
                    tests[layer] = [test]
                    if layer is not None:
                        journal.select()
    finally:
        journal_of_run.reset(token)
    if duplicated:
        raise DuplicateTestIDError("\n  ".join(["Duplicate test IDs found:", *sorted(duplicated)]))
    # Suites take whatever can be called.
    return {layer: unittest.TestSuite(members) for layer, members in tests.items()}  # type: ignore[arg-type]


class _LayersByName(MutableMapping[LayerName, object]):
    """The layers that the present run knows."""

    def __getitem__(self, name: LayerName) -> object:
        return current_registry().layers[name]

    def __setitem__(self, name: LayerName, layer: object) -> None:
        current_registry().layers[name] = layer

    def __delitem__(self, name: LayerName) -> None:
        del current_registry().layers[name]

    def __iter__(self) -> Iterator[LayerName]:
        return iter(current_registry().layers)

    def __len__(self) -> int:
        return len(current_registry().layers)


# Used by other packages, by this name.
_layer_name_cache = _LayersByName()


# Suites of modules


def find_suites(
    options: argparse.Namespace, accept: Callable[[str], bool] | None = None
) -> Iterator[unittest.TestSuite | StartUpFailure]:
    """The suites of all test modules, and a `StartUpFailure` for each that has none to give.

    ``accept`` is asked about the names of modules before they are imported; by default that are the filters in
    ``options.module``.
    """
    if accept is None:
        accept = build_filtering_func(options.module)
    journal = journal_of_run.get(None)
    known = {directory.removesuffix(os.sep) for directory, _ in options.prefix}
    # Looking for all files first, and then importing, takes half the time of doing both in turn.
    for path, package in list(find_test_files(options)):
        module_name = _module_name(options, path, package)
        if module_name is None:
            continue
        accepted = accept(module_name)
        if journal is not None:
            journal.see(module_name, accepted)
        if not accepted:
            continue
        _expect_directory(os.path.dirname(path), known)
        for begin in () if journal is None else journal.watchers:
            begin(module_name)
        try:
            suite = _suite_of(module_name, options.suite_name)
            see_forks()
        except NOT_OURS as error:
            current().check(error)
            raise
        except BaseException as error:
            current().check(error)
            yield StartUpFailure(options, module_name, (type(error), error, users_frames(error, options)))
        else:
            yield suite


def _suite_of(module_name: str, suite_name: str) -> unittest.TestSuite:
    """The tests of a module, which is imported; raises what that raises, and `TypeError` if there are none."""
    module = import_name(module_name)
    suite: object
    if hasattr(module, suite_name):
        suite = getattr(module, suite_name)()
    else:
        suite = loader_for(module).loadTestsFromModule(module)
        if suite.countTestCases() == 0:
            raise TypeError(f"Module {module_name} does not define any tests")
    if not isinstance(suite, unittest.TestSuite):
        raise TypeError(f"Invalid test_suite, {suite!r}, in {module_name}")
    return suite


def _expect_directory(path: str, known: set[str]) -> None:
    """Make the importer of a directory ready, and those of the directories above it up to the ``known`` ones, which grow.

    Python would ask the importer of zip files first about each, which takes a twentieth of the time that small modules do.
    """
    hooks = sys.path_hooks
    if not hooks or hooks[0] is not zipimporter:
        return
    while path not in known:
        known.add(path)
        if path not in sys.path_importer_cache:
            for hook in hooks[1:]:
                try:
                    finder = hook(path)
                except ImportError:
                    continue
                sys.path_importer_cache[path] = finder
                break
        path = os.path.dirname(path)


def _module_name(options: argparse.Namespace, path: str, package: str) -> str | None:
    stem = strip_py_ext(options, path)
    for prefix, of_package in options.prefix:
        if of_package == package and path.startswith(prefix) and stem is not None:
            name = stem[len(prefix) :].replace(os.sep, ".")
            return f"{package}.{name}" if package else name
    return None


def import_name(name: str) -> ModuleType:
    """Import a module by its dotted name and return it."""
    __import__(name)
    see_forks()
    return sys.modules[name]


# Files


# The name asks unittest and pytest to take it for a test.
test_dirs.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector run seldom: all that discovery makes is kept, and looking at it again and again is vain.

    It took a tenth of the time of 20,000 tests, and more than that of larger suites.
    """
    if not hasattr(gc, "get_threshold"):
        # PyPy's collector has no thresholds, and cannot hide objects.
        yield
        return
    before = gc.get_threshold()
    meanwhile = (max(before[0], _SELDOM), *before[1:]) if before[0] else before
    gc.set_threshold(*meanwhile)
    try:
        yield
    finally:
        # A test module may have had a reason to set it.
        if gc.get_threshold() == meanwhile:
            gc.set_threshold(*before)
        if gc.isenabled() and not gc.get_freeze_count():
            # All that is there counts as old from now on, so that the next collections do not go through it either.
            gc.freeze()
            gc.unfreeze()


#: So many new objects, net of those that are gone, start a collection during discovery.
_SELDOM = 200_000


# The feature


class Find(Feature):
    """Collects the tests and puts them into the plan; at the end, reports which modules could not be imported."""

    active = True

    def global_setup(self) -> None:
        _extend_path(getattr(self.runner.options, "path", None) or ())
        _fix_path(self.runner.options.started_in)

    def arrange(self, plan: Plan) -> Plan:
        journal = Journal(self._notify)
        token = journal_of_run.set(journal)
        try:
            with _rare_collections(), Forks().watching(), self._watching(journal), self._tracing(journal):
                # Some projects replace this function of the module.
                found = dict(find_tests(self.runner.options, self.runner.found_suites))
        finally:
            journal_of_run.reset(token)
        failures = [test for test in found.pop(None, ()) if isinstance(test, unittest.TestCase)]
        suites: dict[str, unittest.TestSuite] = {str(name): suite for name, suite in plan.suites().items()}
        suites.update((name, suite) for name, suite in found.items() if name is not None)
        plan = Plan.of(suites, (*plan.import_failures, *failures), plan.rejected)
        plan = plan.rejecting(*journal.rejected())
        self._report_discovery(plan, failures)
        return plan

    def _watching(self, journal: Journal) -> AbstractContextManager[object]:
        """Names modules whose import takes long, if somebody watches: at a terminal, or by asking for more words."""
        runner = self.runner
        if runner.worker or not (getattr(runner.options, "verbose", 0) or _is_terminal(sys.stderr)):
            return nullcontext()
        from zope.testrunner.discovery.import_watch import ImportWatch

        watch = ImportWatch()
        journal.watchers.append(watch.begin)
        return watch

    @contextmanager
    def _tracing(self, journal: Journal) -> Iterator[None]:
        """Finds out what imports leave in this process, if it is going to be copied and tests divided over the copies."""
        options = self.runner.options
        copies = getattr(options, "processes", 1) > 1 and getattr(options, "start_method", None) != "spawn"
        if not copies or self.runner.worker or getattr(options, "list_tests", False):
            yield
            return
        from zope.testrunner.discovery.import_traces import ImportTraces

        traces = self.runner.import_traces = ImportTraces()
        journal.watchers.append(traces.begin)
        try:
            yield
        finally:
            traces.finish()

    def _report_discovery(self, plan: Plan, failures: list[unittest.TestCase]) -> None:
        problems = tuple(
            ImportFailure(
                _module_of(failure),
                snapshot(Outcome.ERRORED, getattr(failure, "exc_info", None) or (None, None, None), standard=True),
            )
            for failure in failures
        )
        runner = self.runner
        runner.emit(
            Discovered(runner.clock(), runner.worker, plan.size, len(plan.layers), problems, tuple(failures))
        )

    def _notify(self, text: str) -> None:
        self.runner.emit(Notice(self.runner.clock(), self.runner.worker, Importance.INFO, text))

    def report(self) -> None:
        modules = tuple(map(_module_of, self.runner.plan.import_failures))
        if modules:
            self.runner.emit(ImportsSummed(self.runner.clock(), self.runner.worker, modules))


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError, AttributeError):
        return False


def _module_of(failure: unittest.TestCase) -> str:
    """The name of the module that a start-up failure stands for, also if it is not one of ours."""
    return str(getattr(failure, "module", failure))
