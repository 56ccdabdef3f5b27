"""Finding tests: from directories to files, modules, suites, and tests by layer.

The main way in is `find_tests`; `find_suites` is for those who want the suites of the modules.  Nothing here runs a test.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import unittest
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from operator import itemgetter
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, TextIO, TypeGuard
from zipimport import zipimporter

from zope.testrunner.core.events import Discovered, Importance, ImportsSummed, Notice
from zope.testrunner.core.exception_snapshot import LooseExcInfo, snapshot
from zope.testrunner.core.layer_registry import current_registry
from zope.testrunner.core.model import (
    ImportFailure,
    LayerName,
    Levels,
    Outcome,
    Plan,
    Reason,
    Rejected,
    Test,
)
from zope.testrunner.exceptions import (
    DiscoveryError,
    DuplicateTestIDError,
    EndRun,
    ImportForked,
    LayerError,
    UsageError,
)
from zope.testrunner.execution.forks import Forks, current
from zope.testrunner.feature import Feature
from zope.testrunner.filter import SAMPLE, build_filtering_func, is_text
from zope.testrunner.layer import UnitTests
from zope.testrunner.planning.slim_tests import share

if TYPE_CHECKING:
    import argparse

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

#: Tells whether the name of a directory can be part of the name of a module.
identifier = re.compile(r"[_a-z]\w*$", re.IGNORECASE).match

#: Directories that never contain tests although some of them have possible names.
IGNORE_FOLDERS = {".git", "node_modules", "__pycache__"}

#: What a directory has if it is a package, and what a file ends in if it can be imported.
_COMPILED = (".pyc",) if __debug__ else (".pyc", ".pyo")

#: What ends the run even while tests are being collected.
_NOT_OURS = (KeyboardInterrupt, MemoryError, EndRun)


class StartUpFailure(unittest.TestCase):
    """Stands for a module whose tests could not be collected.

    ``module`` is its name, ``exc_info`` what went wrong.  The runner reports it and does not run it; another runner that
    does gets the original exception.
    """

    def __init__(
        self, options: argparse.Namespace | None, module: str, exc_info: LooseExcInfo | None
    ) -> None:
        super().__init__()
        if getattr(options, "post_mortem", False) and not getattr(options, "resume_layer", None):
            if exc_info is None or None in exc_info:
                raise TypeError("If post_mortem is specified, full exc_info must be passed!")
            from zope.testrunner.execution.streams.debugger import post_mortem

            post_mortem(exc_info)
        self.module = module
        self.exc_info = exc_info

    def runTest(self) -> None:
        """Raise what went wrong."""
        error = None if self.exc_info is None else self.exc_info[1]
        if error is None or self.exc_info is None or None in self.exc_info:
            self.fail(f"could not import {self.module}")
        raise error.with_traceback(self.exc_info[2])

    def shortDescription(self) -> str:
        """A sentence on what this stands for."""
        return f"StartUpFailure: import errors in {self.module}."

    def __repr__(self) -> str:
        return f"<StartUpFailure module={self.module}>"


class _Journal:
    """What is told and counted while tests are being collected.

    Names of what was left out serve to explain why nothing is left, so they are kept only until a test is selected.

    Directories are gone through twice, for stale bytecode and for tests.  ``directories`` has what was found the first time
    and not been asked for again; the first time is while ``looks_again`` is true.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.tell = tell
        #: Called with the name of each module before it is imported.
        self.watchers: list[Callable[[str], None]] = []
        self.directories: dict[str, _Directory] = {}
        self.looks_again = False
        self.choice: _Choice | None = None
        self.counts: dict[Reason, int] = {}
        #: How many modules have been found.
        self.modules = 0
        self.names: dict[Reason, list[str]] = {}
        self.selected = False

    def read(self, path: str) -> _Directory:
        """What is in a directory, as `_read_directory` has it."""
        known = self.directories.pop(path, None)
        found = _read_directory(path) if known is None else known
        if self.looks_again:
            self.directories[path] = found
        return found

    def reject(self, reason: Reason, what: object) -> None:
        """Count something that a filter left out."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if not self.selected:
            names = self.names.setdefault(reason, [])
            if len(names) < SAMPLE:
                names.append(str(what))

    def see(self, module_name: str, accepted: bool) -> None:
        """Count a module that was found, and whether the filter takes it."""
        self.modules += 1
        if not accepted:
            self.reject(Reason.MODULE, module_name)

    def select(self) -> None:
        """Note that there are tests to run."""
        self.selected = True
        self.names.clear()

    def rejected(self) -> tuple[Rejected, ...]:
        """What has been left out, by filter."""
        return tuple(
            Rejected(reason, count, tuple(self.names.get(reason, ())), self.modules if reason is Reason.MODULE else 0)
            for reason, count in self.counts.items()
        )


# The functions between the feature and the places where something is left out are public with signatures of their own,
# and some projects replace them, so the journal cannot be handed through.
_journal: ContextVar[_Journal] = ContextVar("discovery_journal")


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
    of_run = _journal.get(None) is not None
    journal = _journal.get(None) or _Journal()
    token = _journal.set(journal)
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
        _journal.reset(token)
    if duplicated:
        raise DuplicateTestIDError("\n  ".join(["Duplicate test IDs found:", *sorted(duplicated)]))
    # Suites take whatever can be called.
    return {layer: unittest.TestSuite(members) for layer, members in tests.items()}  # type: ignore[arg-type]


def tests_from_suite(
    suite: unittest.TestSuite | Test,
    options: argparse.Namespace,
    dlevel: int = 1,
    dlayer: object = UnitTests,
    accept: Callable[[str], bool] | None = None,
    seen_test_ids: set[str] | None = None,
    duplicated_test_ids: set[str] | None = None,
) -> Iterator[tuple[Test, str | None]]:
    """The selected tests of a suite, each with the name of its layer; start-up failures with None.

    ``dlevel`` and ``dlayer`` hold where neither a test nor a suite around it has a ``level`` or ``layer``.  ``accept`` is
    asked about ``str(test)``; by default that are the filters in ``options.test``.  With ``options.require_unique_ids``,
    the names of tests are added to ``seen_test_ids``, and those that are there already to ``duplicated_test_ids``.
    """
    if seen_test_ids is None:
        seen_test_ids = set()
    if duplicated_test_ids is None:
        duplicated_test_ids = set()
    choice = _choice(options, accept)
    unique = options.require_unique_ids
    named_layer: object = _NO_LAYER
    name = LayerName("")
    # Suites may be nested deeper than Python's recursion limit.
    stack: list[tuple[Iterator[unittest.TestSuite | Test], int, object]] = [(iter((suite,)), dlevel, dlayer)]
    while stack:
        tests, outer_level, outer_layer = stack[-1]
        for test in tests:
            level = getattr(test, "level", outer_level)
            layer = getattr(test, "layer", outer_layer)
            if isinstance(test, unittest.TestSuite):
                marker = getattr(test, LEAK_MARKER, None)
                if marker is not None:
                    _pass_on(marker, test)
                stack.append((iter(test), level, layer))
                break
            if isinstance(test, StartUpFailure):
                yield test, None
                continue
            if unique:
                text = _name_of(test)
                (duplicated_test_ids if text in seen_test_ids else seen_test_ids).add(text)
            if layer is not named_layer:
                # Also for tests that are not taken: the numbers of layers of one name do not depend on filters of tests.
                name = _layer_of(test, layer)
                named_layer = layer
            if choice.takes(test, level):
                yield test, name
        else:
            stack.pop()


def _name_of(test: Test) -> str:
    """``str(test)``; raises `DiscoveryError` if the code of the test fails to give it."""
    try:
        return str(test)
    except Exception as error:
        cls = type(test)
        raise DiscoveryError(
            f"A test of {cls.__module__}.{cls.__qualname__} has no name: {type(error).__name__} in str(test); mend its "
            "__str__ method"
        ) from error


def _choice(options: argparse.Namespace, accept: Callable[[str], bool] | None) -> _Choice:
    """The choice that these options make, which is the same for all suites of a discovery."""
    journal = _journal.get(None)
    if journal is None:
        return _Choice(options, accept)
    choice = journal.choice
    if choice is None or choice.options is not options or choice.asked is not accept:
        choice = journal.choice = _Choice(options, accept)
    return choice


class _Choice:
    """Takes tests by level and name, and notes those it does not take."""

    def __init__(self, options: argparse.Namespace, accept: Callable[[str], bool] | None) -> None:
        self.options = options
        self.asked = accept
        self.accept = build_filtering_func(options.test) if accept is None else accept
        self.levels = Levels(options.at_level, options.only_level)
        self.journal = _journal.get(None)
        # The standard names pass the standard filter, so they need not even be made.
        self.passing = unittest.TestCase.__str__ if self.accept is is_text else None

    def takes(self, test: Test, level: int) -> bool:
        """Whether a test is to be run."""
        try:
            wanted = self.levels.accept(level)
        except TypeError:
            raise DiscoveryError(
                f"{test} has level {level!r}, which is not a number; mend the 'level' attribute of the test, its "
                "class or its suite"
            ) from None
        if wanted and (type(test).__str__ is self.passing or self.accept(_name_of(test))):
            return True
        if self.journal is not None:
            self.journal.reject(Reason.TEST if wanted else Reason.LEVEL, test)
        return False


#: The attribute that the markers of `zope.testrunner.leaks.markers` set; what is on a suite holds for its tests.
LEAK_MARKER = "__leaks_expected__"


def _pass_on(marker: object, suite: unittest.TestSuite) -> None:
    """Put a suite's marker on what is in it, unless that has one of its own."""
    for test in suite:
        if getattr(test, LEAK_MARKER, None) is None:
            setattr(test, LEAK_MARKER, marker)


#: Differs from every layer, None included.
_NO_LAYER = object()


def _layer_of(test: Test, layer: object) -> LayerName:
    if isinstance(layer, str):
        return LayerName(layer)
    try:
        return current_registry().remember(layer)
    except LayerError as error:
        # An error of these tests only.  The name says where the mistake is, and is the same in each process.
        kind = type(test)
        name = LayerName(f"{kind.__module__}.{kind.__qualname__}.layer")
        current_registry().remember_wrong(name, LayerError(f"{_name_of(test)}: {error}"))
        return name


def name_from_layer(layer: object) -> LayerName:
    """The name of a layer, which is remembered as the one with this name from now on."""
    return current_registry().remember(layer)


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
    journal = _journal.get(None)
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
            _see_forks()
        except _NOT_OURS as error:
            current().check(error)
            raise
        except BaseException as error:
            current().check(error)
            yield StartUpFailure(options, module_name, (type(error), error, _users_frames(error, options)))
        else:
            yield suite


def _suite_of(module_name: str, suite_name: str) -> unittest.TestSuite:
    """The tests of a module, which is imported; raises what that raises, and `TypeError` if there are none."""
    module = import_name(module_name)
    suite: object
    if hasattr(module, suite_name):
        suite = getattr(module, suite_name)()
    else:
        suite = _loader_for(module).loadTestsFromModule(module)
        if suite.countTestCases() == 0:
            raise TypeError(f"Module {module_name} does not define any tests")
    if not isinstance(suite, unittest.TestSuite):
        raise TypeError(f"Invalid test_suite, {suite!r}, in {module_name}")
    return suite


def _see_forks() -> None:
    """Raise `ImportForked` if what was just imported has forked, and the new process came back from it."""
    forks = current()
    for _, how in forks.back(None) if forks.any else ():
        raise ImportForked(f"the import forked, and the new process {how} instead of ending; it was ended")


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


class _Loader(unittest.TestLoader):
    """The standard loader, but quicker: of all that a class has, only what begins like a test is looked at.

    That is a tenth of the time it takes to find the tests of many small modules.  Of what a module has, nothing is asked for
    by name, which would perform each of its lazy imports (Python 3.15).
    """

    _size = 0
    _common: Sequence[str] = ()

    def loadTestsFromModule(self, module: ModuleType, *, pattern: str | None = None) -> unittest.TestSuite:  # type: ignore[override]  # there are no others
        """The tests of all test cases that a module has, in the order of their names; it has no ``load_tests``."""
        names = vars(module)
        if type(module) is not ModuleType or "__dir__" in names:
            return super().loadTestsFromModule(module, pattern=pattern)
        found = [
            self.loadTestsFromTestCase(value)
            for _, value in sorted(((n, v) for n, v in names.items() if _is_test_case(v)), key=itemgetter(0))
        ]
        return self.suiteClass(found)  # type: ignore[arg-type]  # suites take suites

    def getTestCaseNames(self, testCaseClass: type[unittest.TestCase]) -> list[str]:  # noqa: N803 - the name it has
        """The names of test methods, in alphabetical order."""
        found: set[str] = set()
        if getattr(type(testCaseClass), "__dir__", None) is type.__dir__:
            # What dir() collects and sorts would be a hundred names, of which most are those of TestCase itself.
            for kind in testCaseClass.__mro__:
                if kind is unittest.TestCase:
                    found.update(self._of_test_case())
                elif kind is not object:
                    found.update([name for name in vars(kind) if name.startswith("test")])
        else:
            found.update([name for name in dir(testCaseClass) if name.startswith("test")])
        return sorted([name for name in found if callable(getattr(testCaseClass, name))])

    def _of_test_case(self) -> Sequence[str]:
        """Those that somebody has added to the class that all have in common; looked for again when it has grown."""
        attributes = vars(unittest.TestCase)
        if len(attributes) != self._size:
            self._size = len(attributes)
            self._common = [name for name in attributes if name.startswith("test")]
        return self._common


def _is_test_case(value: object) -> TypeGuard[type[unittest.TestCase]]:
    return (
        isinstance(value, type)
        and issubclass(value, unittest.TestCase)
        and value not in (unittest.TestCase, unittest.FunctionTestCase)
    )


_LOADER = _Loader()

#: How the standard loader finds names; a project may have changed it.
_STANDARD_NAMES = unittest.TestLoader.getTestCaseNames
_STANDARD_ATTRIBUTES = frozenset({"errors", "_loading_packages"})
_STANDARD_SORT = unittest.TestLoader.sortTestMethodsUsing


def _loader_for(module: ModuleType) -> unittest.TestLoader:
    """The loader for the test cases of a module: the standard one wherever somebody could notice a difference."""
    standard = unittest.defaultTestLoader
    kind = type(standard)
    if (
        kind is not unittest.TestLoader
        or not vars(standard).keys() <= _STANDARD_ATTRIBUTES
        or kind.getTestCaseNames is not _STANDARD_NAMES
        or kind.sortTestMethodsUsing is not _STANDARD_SORT
        or kind.testMethodPrefix != "test"
        or kind.testNamePatterns is not None
        # It is called with the loader.
        or hasattr(module, "load_tests")
    ):
        return standard
    return _LOADER


def _users_frames(error: BaseException, options: argparse.Namespace) -> TracebackType | None:
    """The traceback without the frames of this module that it starts with."""
    traceback = error.__traceback__
    if not getattr(options, "post_mortem", False):
        while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
            traceback = traceback.tb_next
    return traceback


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
    _see_forks()
    return sys.modules[name]


# Files


def find_test_files(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The paths of the files with tests, each once, with the package that their search path belongs to."""
    found: set[str] = set()
    for directory, package in test_dirs(options, {}):
        for path in _test_files_below(options, directory):
            if path not in found:
                found.add(path)
                yield path, package
    journal = _journal.get(None)
    if journal is not None:
        journal.directories.clear()


def _test_files_below(options: argparse.Namespace, directory: str) -> Iterator[str]:
    is_tests, is_test_file = options.tests_pattern, options.test_file_pattern
    compiled = options.usecompiled
    for path, dirs, files in walk_with_symlinks(options, directory):
        dirs[:] = [name for name in dirs if identifier(name) and name not in IGNORE_FOLDERS]
        in_package = is_tests(os.path.basename(path)) and contains_init_py(options, files)
        winners: dict[str, str] = {}
        for name in files:
            # The same as strip_py_ext, without a call for each of the many files that are no Python files.
            if name.endswith(".py"):
                stem = name[:-3]
            elif compiled and name.endswith(_COMPILED):
                stem = name[:-4]
            else:
                continue
            # The files are sorted, so what comes first for a stem is source if there is some.
            if stem not in winners and ((in_package and is_test_file(stem)) or is_tests(stem)):
                winners[stem] = name
        if winners:
            for name in sorted(winners.values()):
                yield os.path.join(path, name)


def strip_py_ext(options: argparse.Namespace, path: str) -> str | None:
    """The path without its extension, or None if it is not that of a Python file."""
    if path.endswith(".py"):
        return path[:-3]
    if options.usecompiled and path.endswith(_COMPILED):
        return path[:-4]
    return None


def contains_init_py(options: argparse.Namespace, fnamelist: Iterable[str]) -> bool:
    """Whether one of these files makes their directory a package."""
    names = set(fnamelist)
    if "__init__.py" in names:
        return True
    return bool(options.usecompiled) and any(f"__init__{suffix}" in names for suffix in _COMPILED)


def test_dirs(options: argparse.Namespace, seen: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The directories to search, each with the package that it belongs to.

    Directories that are in ``seen`` are left out, and those of packages (``options.package``) are added to it.
    Raises `UsageError` if such a package cannot be imported.
    """
    _extend_path(getattr(options, "path", None) or ())
    if not options.package:
        yield from options.test_path
        return
    for name in options.package:
        for entry in _path_of_package(name):
            directory = os.path.abspath(entry)
            if directory in seen:
                continue
            seen[directory] = 1
            beginning = directory + os.sep
            for prefix, package in options.prefix:
                if beginning.startswith(prefix):
                    yield directory, package
                    break
            else:
                if getattr(options, "auto_path", False):
                    options.prefix.append((beginning, name))
                    yield directory, name


# The name asks unittest and pytest to take it for a test.
test_dirs.__test__ = False  # type: ignore[attr-defined]


def _path_of_package(name: str) -> list[str]:
    try:
        module = import_name(name)
    except _NOT_OURS:
        raise
    except BaseException as error:
        if name.startswith("."):
            # It was given as "./directory", which is not below a place where packages are imported from.
            raise UsageError(
                f"Cannot import package {name!r} (--package): its directory is not below a search path; "
                "add one with --path, or give a dotted name",
                status=1,
                error=error,
            ) from None
        if not name:
            raise UsageError(
                "Cannot import a package without a name (--package): a search path itself was given; "
                "name a package below it, or leave --package out",
                status=1,
                error=error,
            ) from None
        text = f"{type(error).__name__}: {error}"
        frames = _users_frames(error, None)  # type: ignore[arg-type]
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
        if frames is not None:
            text += f" ({frames.tb_frame.f_code.co_filename}, line {frames.tb_lineno})"
        advice = "give its dotted name, or its directory below a search path (--path, --test-path)"
        raise UsageError(
            f"Cannot import package {name!r} (--package): {text}; {advice}", status=1, error=error
        ) from None
    try:
        return list(module.__path__)
    except AttributeError as error:
        raise UsageError(
            f"{name!r} (--package) is a module and not a package; use --module '^{re.escape(name)}$' to run its tests",
            status=1,
            error=error,
        ) from None


def _extend_path(paths: Iterable[str]) -> None:
    """Make what is in these directories importable, before anything else and in the given order."""
    for path in reversed(list(paths)):
        if path not in sys.path:
            sys.path.insert(0, path)


def _fix_path(directory: str) -> None:
    """Let relative entries of ``sys.path`` be seen from this directory, also when an import has left it."""
    for number, path in enumerate(sys.path):
        if isinstance(path, str) and not os.path.isabs(path):
            entry = os.path.normpath(os.path.join(directory, path))
            # Not what is no directory: a hook for imports may have names of its own.
            if os.path.isdir(entry) or os.path.isfile(entry):
                sys.path[number] = entry


def walk_with_symlinks(options: argparse.Namespace, dir: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every directory from ``dir`` down, as its path, the names of its directories and the names of its files, sorted.

    Directories in ``options.ignore_dir`` are left out.  The consumer may take names out of the list of directories to
    keep the walk out of them.  After a directory come those in it that are symbolic links, then the others.  A link that
    leads back to a directory the walk is in is not followed.
    """
    journal = _journal.get(None)
    read = _read_directory if journal is None else journal.read
    ignored = options.ignore_dir
    stack: list[tuple[str, str, tuple[str, ...]]] = [(dir, os.path.realpath(dir), ())]
    while stack:
        path, real, above = stack.pop()
        try:
            names, links, files = read(path)
        except OSError:
            # What is not there or may not be read holds no tests for us.
            continue
        dirs = [name for name in names if name not in ignored]
        yield path, dirs, files
        if not dirs:
            continue
        chain = (*above, real)
        beginning = os.path.join(path, "")
        of_real = beginning if real == path else os.path.join(real, "")
        below = [(beginning + name, of_real + name, chain) for name in dirs if name not in links]
        if links:
            below[:0] = [
                (beginning + name, os.path.realpath(beginning + name), chain) for name in dirs if name in links
            ]
        # The last one put on the stack is the first one taken from it.
        stack += [each for each in reversed(below) if each[1] not in chain]


#: What is in a directory: directories, those of them that are symbolic links, and the rest.
_Directory = tuple[list[str], set[str], list[str]]


def _read_directory(path: str) -> _Directory:
    """What is in a directory, sorted."""
    dirs: list[str] = []
    links: set[str] = set()
    files: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            try:
                if entry.is_dir():
                    if entry.is_symlink():
                        links.add(entry.name)
                    dirs.append(entry.name)
                    continue
            except OSError:
                # A link to nowhere, for example.
                pass
            files.append(entry.name)
    dirs.sort()
    files.sort()
    return dirs, links, files


def remove_stale_bytecode(options: argparse.Namespace) -> None:
    """Delete compiled files next to which there is no source; does nothing if ``options.keepbytecode``."""
    if options.keepbytecode:
        return
    journal = _journal.get(None)
    tell = _teller(options) if journal is None or journal.tell is None else journal.tell
    for top, _ in options.test_path:
        for path, dirs, files in walk_with_symlinks(options, top):
            if "__pycache__" in dirs:
                dirs.remove("__pycache__")
            for name in files:
                if name.endswith((".pyc", ".pyo")) and name[:-1] not in files:
                    stale = os.path.join(path, name)
                    tell(f"Removing stale bytecode file {stale}")
                    try:
                        os.unlink(stale)
                    except OSError as error:
                        tell(f"Cannot remove it: {error.strerror}; use --keepbytecode if it is to stay")


def _teller(options: argparse.Namespace) -> Callable[[str], None]:
    """How to say something outside of a run of the runner."""
    output = getattr(options, "output", None)
    info: Callable[[str], None] = getattr(output, "info", _say_nothing)
    return info


def _say_nothing(text: str) -> None:
    """There is nobody to tell."""


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
        journal = _Journal(self._tell)
        token = _journal.set(journal)
        try:
            with _rare_collections(), Forks().watching(), self._watching(journal), self._tracing(journal):
                # Some projects replace this function of the module.
                found = dict(find_tests(self.runner.options, self.runner.found_suites))
        finally:
            _journal.reset(token)
        failures = [test for test in found.pop(None, ()) if isinstance(test, unittest.TestCase)]
        suites: dict[str, unittest.TestSuite] = {str(name): suite for name, suite in plan.suites().items()}
        suites.update((name, suite) for name, suite in found.items() if name is not None)
        plan = Plan.of(suites, (*plan.import_failures, *failures), plan.rejected)
        plan = plan.rejecting(*journal.rejected())
        self._report_discovery(plan, failures)
        return plan

    def _watching(self, journal: _Journal) -> AbstractContextManager[object]:
        """Names modules whose import takes long, if somebody watches: at a terminal, or by asking for more words."""
        runner = self.runner
        if runner.worker or not (getattr(runner.options, "verbose", 0) or _is_terminal(sys.stderr)):
            return nullcontext()
        from zope.testrunner.discovery.import_watch import ImportWatch

        watch = ImportWatch()
        journal.watchers.append(watch.begin)
        return watch

    @contextmanager
    def _tracing(self, journal: _Journal) -> Iterator[None]:
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

    def _tell(self, text: str) -> None:
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
