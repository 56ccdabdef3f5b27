"""How failures of doctests are told."""

from __future__ import annotations

import sys
from collections.abc import Callable

from zope.testrunner.exceptions import DocTestFailureException
from zope.testrunner.feature import Feature
from zope.testrunner.system.import_hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    import doctest
    import unittest

    from zope.testrunner.core.run import Run

#: What doctest puts between reports on examples in a unittest, where it would be asterisks elsewhere.
_DIVIDER = "-" * 70


class DocTest(Feature):
    """Applies the options for diffs and secondary failures to doctests that set no reporting flags of their own.

    Failures of doctests get an exception of their own, by which reports tell them from other failed assertions.

    From Python 3.15 on, doctest itself tells unittest about each example as a sub-test.  Here a document is one test with
    one report of all the examples that failed, on each version of Python.
    """

    active = True

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._forget: Callable[[], None] | None = None
        self._before: tuple[int, type[BaseException]] | None = None
        self._run_test: Callable[[doctest.DocTestCase], None] | None = None
        self._set_up_case: Callable[[unittest.TestCase], None] | None = None

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
        # Where doctest restores the names of an earlier run, these are from when the case was made.
        self._set_up_case = set_up = doctest.DocTestCase.setUp

        def keep_and_set_up(case: doctest.DocTestCase) -> None:
            keep_names(case)
            set_up(case)

        doctest.DocTestCase.setUp = keep_and_set_up  # type: ignore[assignment, method-assign]
        if hasattr(doctest, "_DocTestCaseRunner"):
            # What makes sub-tests of examples; where it is missing, there are none.
            self._run_test = doctest.DocTestCase.runTest
            doctest.DocTestCase.runTest = run_as_one  # type: ignore[assignment, method-assign]

    def global_teardown(self) -> None:
        if self._forget is not None:
            self._forget()
        doctest = sys.modules.get("doctest")
        if self._before is not None and doctest is not None:
            flags, exception = self._before
            doctest.set_unittest_reportflags(flags)
            doctest.DocTestCase.failureException = exception
            self._before = None
        if self._set_up_case is not None and doctest is not None:
            doctest.DocTestCase.setUp = self._set_up_case
            self._set_up_case = None
        if self._run_test is not None and doctest is not None:
            doctest.DocTestCase.runTest = self._run_test
            self._run_test = None


def keep_names(case: doctest.DocTestCase) -> None:
    """Let every run of a doctest begin with the names that the first one finds, also those that came after it was made.

    ``layered()`` of other packages adds ``layer`` to a case.  What doctest gives back after a run is a copy from
    before that.
    """
    # Only names that have been added: what an earlier run has left would not be given back otherwise.
    given = vars(case).get("_dt_globs")
    if given is not None and not hasattr(case, _BEGUN):
        given.update({name: value for name, value in vars(case)["_dt_test"].globs.items() if name not in given})
        setattr(case, _BEGUN, True)


#: Notes on a doctest that it has been run.
_BEGUN = "__names_are_kept__"


def run_as_one(case: doctest.DocTestCase) -> None:
    """Run the examples of a doctest, and raise one failure about all that failed.

    Raises ``case.failureException`` if any did, and `unittest.SkipTest` if all were skipped.
    """
    import doctest
    import unittest
    from io import StringIO

    # The names that doctest has for them are no secret: subclasses have used them for twenty years.
    test: doctest.DocTest = vars(case)["_dt_test"]
    flags: int = vars(case)["_dt_optionflags"]
    checker: doctest.OutputChecker | None = vars(case)["_dt_checker"]
    if not flags & doctest.REPORTING_FLAGS:
        # Where a doctest has no flags of its own for the report, those of unittest hold, which can only be read by setting
        # them.
        defaults = doctest.set_unittest_reportflags(0)
        doctest.set_unittest_reportflags(defaults)
        flags |= defaults
    runner = doctest.DocTestRunner(checker, verbose=False, optionflags=flags)
    runner.DIVIDER = _DIVIDER
    report = StringIO()
    results = runner.run(test, out=report.write, clear_globs=False)
    # Before Python 3.13, skipped examples are not among those that were attempted.
    if results.attempted == getattr(results, "skipped", 0):
        raise unittest.SkipTest("all examples were skipped")
    if results.failed:
        raise case.failureException(case.format_failure(report.getvalue()))
