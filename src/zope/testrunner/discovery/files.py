"""Files and directories with tests, as the search paths and patterns have them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from zope.testrunner.discovery.importing import NOT_OURS, import_package, users_frames
from zope.testrunner.discovery.journal import _read_directory, journal_of_run
from zope.testrunner.exceptions import (
    UsageError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import re

    def identifier(name: str) -> re.Match[str] | None:
        """Whether the name of a directory can be part of the name of a module."""


def __getattr__(name: str) -> object:
    if name == "identifier":
        # Hardly any run has a name that needs this, and the expression takes longer to compile than all others of a run.
        import re

        globals()[name] = matches = re.compile(r"[_a-z]\w*$", re.IGNORECASE).match
        return matches
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_identifier(name: str) -> bool:
    """What ``identifier`` says of a name."""
    if name.isascii() and not name.endswith("\n"):
        return name.isidentifier()
    return getattr(sys.modules[__name__], "identifier")(name) is not None  # noqa: B009 - it may have to be made


#: Directories that never contain tests although some of them have possible names.
IGNORE_FOLDERS = {".git", "node_modules", "__pycache__"}


#: What a directory has if it is a package, and what a file ends in if it can be imported.
_COMPILED = (".pyc",) if __debug__ else (".pyc", ".pyo")


def find_test_files(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The paths of the files with tests, each once, with the package that their search path belongs to."""
    found: set[str] = set()
    for directory, package in test_dirs(options, {}):
        for path in _test_files_below(options, directory):
            if path not in found:
                found.add(path)
                yield path, package
    journal = journal_of_run.get(None)
    if journal is not None:
        journal.directories.clear()


def _test_files_below(options: argparse.Namespace, directory: str) -> Iterator[str]:
    is_tests, is_test_file = options.tests_pattern, options.test_file_pattern
    compiled = options.usecompiled
    for path, dirs, files in walk_with_symlinks(options, directory):
        dirs[:] = [name for name in dirs if is_identifier(name) and name not in IGNORE_FOLDERS]
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


def _path_of_package(name: str) -> list[str]:
    try:
        module = import_package(name)
    except NOT_OURS:
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
        frames = users_frames(error, None)  # type: ignore[arg-type]
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
        import re

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
    journal = journal_of_run.get(None)
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


def remove_stale_bytecode(options: argparse.Namespace) -> None:
    """Delete compiled files next to which there is no source; does nothing if ``options.keepbytecode``."""
    if options.keepbytecode:
        return
    journal = journal_of_run.get(None)
    notify = _notifier(options) if journal is None or journal.notify is None else journal.notify
    for top, _ in options.test_path:
        for path, dirs, files in walk_with_symlinks(options, top):
            if "__pycache__" in dirs:
                dirs.remove("__pycache__")
            for name in files:
                if name.endswith((".pyc", ".pyo")) and name[:-1] not in files:
                    stale = os.path.join(path, name)
                    notify(f"Removing stale bytecode file {stale}")
                    try:
                        os.unlink(stale)
                    except OSError as error:
                        notify(f"Cannot remove it: {error.strerror}; use --keepbytecode if it is to stay")


def _notifier(options: argparse.Namespace) -> Callable[[str], None]:
    """How to say something outside of a run of the runner."""
    output = getattr(options, "output", None)
    info: Callable[[str], None] = getattr(output, "info", _ignore)
    return info


def _ignore(text: str) -> None:
    """There is nobody to tell."""
