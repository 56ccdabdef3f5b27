"""What is reported and counted while tests are being collected, and which of them are taken."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable
from contextvars import ContextVar

from zope.testrunner.core.model import (
    Levels,
    Reason,
    Rejected,
    Test,
)
from zope.testrunner.exceptions import (
    DiscoveryError,
)
from zope.testrunner.filter import SAMPLE, build_filtering_func, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


class Journal:
    """What is told and counted while tests are being collected.

    Names of what was left out serve to explain why nothing is left, so they are kept only until a test is selected.

    Directories are gone through twice, for stale bytecode and for tests.  ``directories`` has what was found the first time
    and not been asked for again; the first time is while ``looks_again`` is true.
    """

    def __init__(self, notify: Callable[[str], None] | None = None) -> None:
        self.notify = notify
        #: Called with the name of each module before it is imported.
        self.watchers: list[Callable[[str], None]] = []
        self.directories: dict[str, Directory] = {}
        self.looks_again = False
        self.choice: Choice | None = None
        self.counts: dict[Reason, int] = {}
        #: How many modules have been found.
        self.modules = 0
        self.names: dict[Reason, list[str]] = {}
        self.selected = False

    def read(self, path: str) -> Directory:
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
journal_of_run: ContextVar[Journal] = ContextVar("discovery_journal")


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


def choice_of(options: argparse.Namespace, accept: Callable[[str], bool] | None) -> Choice:
    """The choice that these options make, which is the same for all suites of a discovery."""
    journal = journal_of_run.get(None)
    if journal is None:
        return Choice(options, accept)
    choice = journal.choice
    if choice is None or choice.options is not options or choice.asked is not accept:
        choice = journal.choice = Choice(options, accept)
    return choice


class Choice:
    """Takes tests by level and name, and notes those it does not take."""

    def __init__(self, options: argparse.Namespace, accept: Callable[[str], bool] | None) -> None:
        self.options = options
        self.asked = accept
        self.accept = build_filtering_func(options.test) if accept is None else accept
        self.levels = Levels(options.at_level, options.only_level)
        self.journal = journal_of_run.get(None)
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


#: What is in a directory: directories, those of them that are symbolic links, and the rest.
Directory = tuple[list[str], set[str], list[str]]


def _read_directory(path: str) -> Directory:
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
