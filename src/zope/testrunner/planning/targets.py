"""What people name instead of a pattern for modules: a file, a directory, a class or a test.

``src/app/tests.py``, ``src/app/tests.py::T::test_a`` and ``app.tests.T.test_a`` cannot match the dotted name of any module,
so that they can have a meaning of their own: `resolve` turns them into patterns.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from zope.testrunner.system.value_class import Record

#: A dotted name with at least one dot.
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


class Target(Record):
    """Patterns for what was named, and what has to be known to find it.

    ``module`` is a filter for modules, ``test`` one for tests (None: all).  ``stem`` is the last part of the name of a
    module that was named itself, and is to be found however test modules are called; None if it was a directory.  ``path``
    is a directory to search, if what was named is outside of all that are searched.
    """

    module: str
    test: str | None = None
    stem: str | None = None
    path: str | None = None


def resolve(word: str, roots: Sequence[tuple[str, str]]) -> Target | None:
    """What ``word`` names, or None if it is nothing but a pattern.

    ``roots`` are the directories that are searched, absolute and ending in a separator, with the package that their content
    belongs to ("" for none), the longest first.  Relative paths are seen from the current directory.
    """
    path, *inner = word.split("::")
    if os.sep in path or path.endswith(".py"):
        return _resolve_path(path, inner, roots)
    if not inner and _DOTTED.fullmatch(word):
        return _resolve_name(word, roots)
    return None


def _resolve_path(path: str, inner: Sequence[str], roots: Sequence[tuple[str, str]]) -> Target | None:
    full = os.path.abspath(path)
    is_directory = os.path.isdir(full)
    if not is_directory and not (full.endswith(".py") and os.path.isfile(full)):
        return None
    added = None
    found = next(((root, package) for root, package in roots if (full + os.sep).startswith(root)), None)
    if found is None:
        added = _top_of_packages(full)
        found = added + os.sep, ""
    root, package = found
    parts = [*([package] if package else []), *_parts(os.path.relpath(full, root))]
    name = ".".join(parts)
    if is_directory:
        return Target(rf"^{re.escape(name)}(\.|$)" if name else ".", path=added)
    return Target(f"^{re.escape(name)}$", _test(name, inner), parts[-1], added)


def _parts(relative: str) -> list[str]:
    """The parts of the dotted name of a file or directory below a place that is searched."""
    parts = [part for part in relative.removesuffix(".py").split(os.sep) if part != os.curdir]
    return parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts


def _top_of_packages(path: str) -> str:
    """The directory from which what is at a path can be imported."""
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    while os.path.exists(os.path.join(directory, "__init__.py")):
        directory = os.path.dirname(directory)
    return directory


def _resolve_name(name: str, roots: Sequence[tuple[str, str]]) -> Target | None:
    """A class or a test by its dotted name; None for modules, packages, and what is none of these."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        for root, package in roots:
            inner = module.removeprefix(f"{package}.") if package and module.startswith(f"{package}.") else module
            base = os.path.join(root, *inner.split("."))
            is_package = os.path.isfile(os.path.join(base, "__init__.py"))
            if not is_package and not os.path.isfile(f"{base}.py"):
                continue
            rest = parts[length:]
            if not rest or (is_package and not _has_class(os.path.join(base, "__init__.py"), rest[0])):
                # The name of a module, or the beginning of one.
                return None
            return Target(f"^{re.escape(module)}$", _test(module, rest), parts[length - 1])
    return None


def _has_class(path: str, name: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return re.search(rf"^class {re.escape(name)}\b", source.read(), re.MULTILINE) is not None
    except OSError:
        return False


def _test(module: str, inner: Sequence[str]) -> str | None:
    """A filter for the tests of a class, or for one test, by its place in a module."""
    if not inner:
        return None
    # ``test_a (app.tests.T.test_a)`` is what a test case is called.
    return rf"\({re.escape('.'.join((module, *inner)))}[.)]"
