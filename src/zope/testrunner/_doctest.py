"""How failures of doctests are told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.testrunner.exceptions import DocTestFailureException
from zope.testrunner.feature import Feature
from zope.testrunner.imported import when_imported

if TYPE_CHECKING:
    from zope.testrunner.runner import Runner


class DocTest(Feature):
    """Applies the options for diffs and secondary failures to doctests that set no reporting flags of their own.

    Failures of doctests get an exception of their own, by which reports tell them from other failed assertions.
    """

    active = True

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._forget: Callable[[], None] | None = None
        self._before: tuple[int, type[BaseException]] | None = None

    def global_setup(self) -> None:
        self._forget = when_imported("doctest", self._set_up)

    def _set_up(self) -> None:
        import doctest

        options = self.runner.options
        flags = 0
        for dest, flag in (
            ("ndiff", doctest.REPORT_NDIFF),
            ("udiff", doctest.REPORT_UDIFF),
            ("cdiff", doctest.REPORT_CDIFF),
            ("report_only_first_failure", doctest.REPORT_ONLY_FIRST_FAILURE),
        ):
            if getattr(options, dest, False):
                flags |= flag
        self._before = doctest.set_unittest_reportflags(flags), doctest.DocTestCase.failureException
        doctest.DocTestCase.failureException = DocTestFailureException

    def global_teardown(self) -> None:
        if self._forget is not None:
            self._forget()
        doctest = sys.modules.get("doctest")
        if self._before is not None and doctest is not None:
            flags, exception = self._before
            doctest.set_unittest_reportflags(flags)
            doctest.DocTestCase.failureException = exception
            self._before = None
