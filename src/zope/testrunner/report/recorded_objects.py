"""Objects that formatters can work with where the real ones are in another process, or gone.

The methods of a formatter take tests, failures and exceptions; events carry texts.  These classes look enough like the
real things to be shown: a test has a name, an exception has a report.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from zope.testrunner.core.model import ImportFailure, Problem, TestRef

_Triple = tuple[type[BaseException], BaseException, TracebackType | None]


class RecordedError(Exception):
    """An exception of which only the report is left; its text, and its traceback, are that report."""

    def __init__(self, report: str) -> None:
        super().__init__(report)
        self.rendered_traceback = report


class ReportedExcInfo(tuple[type[BaseException], BaseException, "TracebackType | None"]):  # noqa: SLOT001 - impossible here
    """An exc_info with the ``report`` that was made of it when it happened, so that nobody has to make it again.

    ``is_shown`` tells that the user has seen it already, in a debugger.
    """

    report: str
    is_doctest: bool
    is_shown: bool = False

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The exception of this problem, or a stand-in for it."""
        if problem.live is None:
            return cls.recorded(problem.traceback, problem.is_doctest)
        return cls._made(problem.live, problem.traceback, problem.is_doctest)

    @classmethod
    def recorded(cls, report: str, is_doctest: bool = False) -> Self:
        """A stand-in for an exception of which there is nothing but this report."""
        return cls._made((RecordedError, RecordedError(report), None), report, is_doctest)

    @classmethod
    def _made(cls, triple: _Triple, report: str, is_doctest: bool) -> Self:
        made = cls(triple)
        made.report = report
        made.is_doctest = is_doctest
        return made


class RecordedTest:
    """A test of which only the names are left."""

    __slots__ = ("_id", "_label", "_size")
    failureException = AssertionError

    def __init__(self, id: str, label: str, size: int = 1) -> None:
        self._id = id
        self._label = label
        self._size = size

    @classmethod
    def of(cls, test: TestRef) -> Self:
        """A stand-in for the test that is meant."""
        return cls(test.id, test.label, test.size)

    @classmethod
    def part(cls, test: TestRef, label: str) -> Self:
        """A stand-in for a sub-test, or for a fixture that failed before a test."""
        detail = label.removeprefix(test.label)
        # The id of a sub-test is that of its test and the description, as in `unittest.TestCase.subTest`.
        return cls(test.id + detail if detail != label else label, label, 0)

    def __str__(self) -> str:
        return self._label

    def __repr__(self) -> str:
        return f"<{self._label}>"

    def id(self) -> str:
        """The name that machines use."""
        return self._id

    def countTestCases(self) -> int:
        """How many test cases it stands for."""
        return self._size

    def shortDescription(self) -> str | None:
        """Nothing: descriptions do not travel."""
        return None


class RecordedFailure:
    """A module that could not be imported, of which only the name and perhaps the report are left."""

    __slots__ = ("exc_info", "module")

    def __init__(self, module: str, exc_info: ReportedExcInfo | None = None) -> None:
        self.module = module
        self.exc_info = exc_info

    @classmethod
    def of(cls, failure: ImportFailure) -> Self:
        """A stand-in for this failure."""
        return cls(failure.module, ReportedExcInfo.of(failure.problem))


class RecordedProfile:
    """What a profiler measured, of which only the table is left."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def print_stats(self, *restrictions: object) -> None:
        """Write the table to standard output, as `pstats.Stats` does."""
        sys.stdout.write(self._text)


class Shown:
    """Something that was left behind, of which only the repr is left."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def shown(texts: Iterable[str]) -> list[object]:
    """Stand-ins for things with these reprs."""
    return [Shown(text) for text in texts]


def cycle_lines(item: str) -> list[list[str]]:
    """The objects of a cycle, each as the lines of its repr, from the text of the cycle.

    In the text every object starts a line, and the further lines of its repr are indented by three blanks.
    """
    objects: list[list[str]] = []
    for line in item.splitlines():
        if objects and line.startswith("   "):
            objects[-1].append(line[3:])
        else:
            objects.append([line])
    return objects
