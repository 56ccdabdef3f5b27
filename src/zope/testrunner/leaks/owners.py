"""Whose a source file is: the standard library's, an installed package's, the runner's, or the user's."""

from __future__ import annotations

import sysconfig
from typing import Final

from zope.testrunner.system.originals import os

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: What does the work may be part of the same package as this, and is not what is looked for either.
_ROUND_ABOUT: Final = os.path.dirname(os.path.dirname(_HERE)) + os.sep

_LIBRARY: Final = sysconfig.get_path("stdlib") + os.sep

_PACKAGES: Final = tuple(
    sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib") if sysconfig.get_path(name)
)

#: Parts of the path of anything that was installed, also where that is not on the usual path, as with buildout.
_INSTALLED: Final = (*(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages")), f".egg{os.sep}")

#: Packages that run tests, by the beginning of the path below where they are installed.
_RUNNERS: Final = tuple(
    name.replace("/", os.sep)
    for name in (
        "_pytest/", "pluggy/", "pytest_asyncio/", "anyio/pytest_plugin", "testtools/", "twisted/trial/", "hypothesis/",
        "zope/testrunner/",
    )
)


def is_runner(path: str) -> bool:
    """Whether a file is one of this package."""
    return path.startswith(_ROUND_ABOUT)


def is_library(path: str) -> bool:
    """Whether a file is one of the standard library."""
    return path.startswith((_LIBRARY, "<frozen ")) and not path.startswith(_PACKAGES)


def is_installed(path: str) -> bool:
    """Whether a file is one of an installed package, or source that somebody has made up."""
    if path.startswith("<"):
        return not path.startswith("<doctest ")
    return path.startswith(_PACKAGES) or any(part in path for part in _INSTALLED)


def is_users(path: str) -> bool:
    """Whether a file is one that the user works on."""
    return not is_library(path) and not is_installed(path) and not is_runner(path)


def runs_tests(path: str) -> bool:
    """Whether an installed file belongs to what runs tests."""
    return below_packages(path).startswith(_RUNNERS)


def below_packages(path: str) -> str:
    """The path of an installed file from its package on, of another one all of it."""
    return next((path.rpartition(part)[2] for part in _INSTALLED if part in path), path)


def holds_tests(path: str) -> bool:
    """Whether a file has tests in it, by its name."""
    folder, name = os.path.split(path)
    return name.startswith("test") or name.endswith(("_test.py", "_tests.py")) or f"{os.sep}tests{os.sep}" in folder + os.sep
