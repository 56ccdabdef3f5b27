"""From events to subunit streams."""

from __future__ import annotations

import contextlib
import io
import re
import types
import unittest
from collections.abc import Iterable

import support_streams

from zope.testrunner.core.events import (
    Event,
    Importance,
    LapMeasured,
    LeakJudged,
    Left,
    LeftBehind,
    Notice,
    OutputPassed,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
    TestBrokenOff,
    TestFinished,
    TestsListed,
    TestStarted,
    WorkerLost,
)
from zope.testrunner.core.model import LayerName, Outcome, Problem, TearDownEnd, TestRef
from zope.testrunner.leaks.readings import Change, Growth, Reading, Unit, Verdict
from zope.testrunner.report.subunit.formatters import SubunitOutputFormatter, SubunitV2OutputFormatter
from zope.testrunner.testing import replay

LAYER = LayerName("shop.Layer")
TEST = TestRef(None, LAYER, id="shop.T.test", label="test (shop.T.test)")


def problem(outcome: Outcome = Outcome.FAILED) -> Problem:
    return Problem(outcome, "AssertionError", "no", "Traceback: no\n")


def text_of(events: Iterable[Event], **options: object) -> str:
    """The stream of version 1, without times."""
    stream = io.BytesIO()
    formatter = SubunitOutputFormatter(types.SimpleNamespace(**options), stream)
    replay(events, formatter)
    formatter.close()
    return re.sub(r"time: .*Z\n", "", stream.getvalue().decode("utf-8"))


def outcome_of(*events: Event) -> str:
    return text_of([TestStarted(1.0, 0, TEST, 1, 1), *events]).removeprefix("test: shop.T.test\n")


class Tests(unittest.TestCase):
    def finished(self, outcome: Outcome, **more: object) -> TestFinished:
        return TestFinished(2.0, 0, TEST, outcome, 1.0, **more)  # type: ignore[arg-type]

    def test_success_and_expected_failure_are_successful(self) -> None:
        for outcome in (Outcome.PASSED, Outcome.EXPECTED_FAILURE):
            self.assertEqual("successful: shop.T.test\n", outcome_of(self.finished(outcome)))

    def test_an_unexpected_success_is_what_is_wanted(self) -> None:
        finished = self.finished(Outcome.UNEXPECTED_SUCCESS)
        started = TestStarted(1.0, 0, TEST, 1, 1)
        for wanted, word in (("success", "error: shop.T.test\n"), ("failure", "failure: shop.T.test\n")):
            with self.subTest(wanted):
                self.assertIn(word, text_of([started, finished], subunit_unexpected=wanted))

    def test_a_test_that_was_broken_off_has_not_failed(self) -> None:
        told = outcome_of(TestBrokenOff(2.0, 0, TEST))

        self.assertEqual("skip: shop.T.test [\nThe run was ended early.\n]\n", told)

    def test_a_skip_has_its_reason(self) -> None:
        self.assertEqual(
            "skip: shop.T.test [\nwhy\n]\n", outcome_of(self.finished(Outcome.SKIPPED, reasons=("why",)))
        )

    def test_failing_sub_tests_are_attachments_of_their_test(self) -> None:
        found = outcome_of(
            ProblemReported(1.5, 0, TEST, problem(), 0.1, "test (shop.T.test) (i=1)", "one\n"),
            ProblemReported(1.6, 0, TEST, problem(), 0.2, "test (shop.T.test) (i=2)", "two\n"),
            self.finished(Outcome.FAILED),
        )
        self.assertEqual(1, found.count("failure: shop.T.test"))
        self.assertIn("\ntraceback (i=1)\n", found)
        self.assertIn("\ntraceback (i=2)\n", found)
        self.assertIn("\ntest-stdout\n8\r\none\ntwo\n0\r\n", found)

    def test_sub_tests_of_the_same_name_keep_their_own_tracebacks(self) -> None:
        reports = [ProblemReported(1.5, 0, TEST, problem(), 0.1, "test (shop.T.test) (i=1)") for _ in range(2)]
        found = outcome_of(*reports, self.finished(Outcome.FAILED))
        self.assertIn("\ntraceback (i=1) #2\n", found)

    def test_output_of_a_test_that_passes_is_attached(self) -> None:
        found = outcome_of(self.finished(Outcome.PASSED, stderr="hm\n"))
        self.assertIn("successful: shop.T.test [ multipart\n", found)
        self.assertIn("\ntest-stderr\n3\r\nhm\n0\r\n", found)

    def test_a_test_that_never_ends_is_an_error(self) -> None:
        found = outcome_of()
        self.assertIn("error: shop.T.test [ multipart\n", found)
        self.assertIn("The run ended during this test.", found)

    def test_what_is_said_during_a_test_is_attached_to_it_in_version_1(self) -> None:
        found = outcome_of(Notice(1.5, 0, Importance.ERROR, "Interrupted in test"))
        self.assertNotIn("zope:error", found)
        self.assertIn("Interrupted in test", found)

    def test_a_lost_worker_ends_the_test_that_it_ran(self) -> None:
        found = text_of(
            [TestStarted(1.0, 2, TEST, 1, 1), WorkerLost(2.0, 2, LAYER, ("python",), "it ended with status -9", ("bye",))]
        )
        self.assertEqual(["error: shop.T.test [ multipart"], re.findall("^error: .*", found, re.MULTILINE))
        self.assertIn("it ended with status -9", found)

    def test_a_lost_worker_s_last_words_are_those_of_its_test(self) -> None:
        found = text_of(
            [
                TestStarted(1.0, 2, TEST, 1, 1),
                OutputPassed(2.0, 2, "stdout", b"bye\n"),
                WorkerLost(2.0, 2, LAYER, ("python",), "it ended with status -9", ()),
            ]
        )
        self.assertIn("\ntest-stdout\n4\r\nbye\n0\r\n", found)

    def test_a_worker_lost_between_tests_is_an_error_by_itself(self) -> None:
        found = text_of([WorkerLost(2.0, 2, LAYER, ("python",), "cause", ())])
        self.assertIn("error: subprocess for shop.Layer [ multipart\n", found)

    def test_a_fixture_that_fails_is_a_pseudo_test(self) -> None:
        fixture = TestRef(None, LAYER, 0, id="setUpClass (shop.T)", label="setUpClass (shop.T)")
        found = text_of([ProblemReported(1.0, 0, fixture, problem(Outcome.ERRORED), 0.0)])
        self.assertIn("test: setUpClass (shop.T)\ntags: zope:fixture\nerror: setUpClass (shop.T) [", found)

    def test_threads_that_are_left_are_an_error_of_the_test(self) -> None:
        found = text_of([LeftBehind(1.0, 0, LAYER, TEST, Left.THREADS, ("<T 1>", "<T 2>"))])
        self.assertIn("tags: zope:threads\nerror: shop.T.test [ multipart\n", found)
        self.assertIn("[<T 1>, <T 2>]", found)


class Layers(unittest.TestCase):
    def test_set_up_and_tear_down(self) -> None:
        self.assertEqual(
            "test: shop.Layer:setUp\ntags: zope:layer\nsuccessful: shop.Layer:setUp\ntags: zope:layer:shop.Layer\n"
            "tags: -zope:layer:shop.Layer\ntest: shop.Layer:tearDown\ntags: zope:layer\n"
            "skip: shop.Layer:tearDown [\ntearDown not supported\n]\n",
            text_of(
                [
                    SetUpStarted(1.0, 0, LAYER),
                    SetUpFinished(2.0, 0, LAYER, 1.0),
                    TearDownStarted(3.0, 0, LAYER),
                    TearDownFinished(4.0, 0, LAYER, 1.0, TearDownEnd.UNSUPPORTED),
                ]
            ),
        )

    def test_a_set_up_that_fails(self) -> None:
        self.assertEqual(
            "test: shop.Layer:setUp\ntags: zope:layer\nfailure: shop.Layer:setUp [\nTraceback: no\n]\n",
            text_of([SetUpStarted(1.0, 0, LAYER), SetUpFinished(2.0, 0, LAYER, 1.0, problem())]),
        )

    def test_output_outside_of_tests_is_attached_to_the_hook(self) -> None:
        events = [
            SetUpStarted(1.0, 0, LAYER),
            OutputPassed(1.0, 0, "stdout", b"up \xff\n"),
            SetUpFinished(2.0, 0, LAYER, 1.0),
        ]
        self.assertIn("\nstdout\n8\r\nup \\xff\n0\r\n", text_of(events))

    def test_output_that_belongs_nowhere_gets_a_packet_of_its_own(self) -> None:
        self.assertIn("test: zope:output\ntags: zope:output\n", text_of([OutputPassed(1.0, 0, "stderr", b"late")]))

    def test_output_outside_of_tests_is_no_packet_of_no_test(self) -> None:
        """Programs pass such packets on, into whatever they write themselves."""
        stream = io.BytesIO()
        replay([OutputPassed(1.0, 0, "stdout", b"late")], formatter := SubunitV2OutputFormatter(None, stream))
        formatter.close()
        self.assertIn(b"zope:output", stream.getvalue())

    def test_without_hooks_the_next_test_has_what_was_written_before_it(self) -> None:
        events = [
            SetUpStarted(1.0, 0, LAYER),
            OutputPassed(1.0, 0, "stdout", b"up\n"),
            SetUpFinished(2.0, 0, LAYER, 1.0),
            TestStarted(2.0, 0, TEST, 1, 1),
            TestFinished(2.0, 0, TEST, Outcome.PASSED, 0.0, stdout="said\n"),
        ]
        found = text_of(events, subunit_layers="failures")
        self.assertEqual(["test: shop.T.test"], re.findall("^test: .*", found, re.MULTILINE))
        self.assertIn("\nstdout\n3\r\nup\n0\r\n", found)
        self.assertIn("\ntest-stdout\n5\r\nsaid\n0\r\n", found)

    def test_without_hooks_what_comes_after_the_last_test_goes_to_standard_error(self) -> None:
        events = [TearDownStarted(3.0, 0, LAYER), OutputPassed(3.0, 0, "stdout", b"down\n")]
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            found = text_of(events, subunit_layers="failures")
        self.assertEqual(("", "down\n"), (found, errors.getvalue()))

    def test_only_failures_if_that_is_wanted(self) -> None:
        events = [
            SetUpStarted(1.0, 0, LAYER),
            SetUpFinished(2.0, 0, LAYER, 1.0),
            TearDownStarted(3.0, 0, LAYER),
            TearDownFinished(4.0, 0, LAYER, 1.0, TearDownEnd.FAILED, problem()),
        ]
        found = text_of(events, subunit_layers="failures")
        self.assertEqual(["test: shop.Layer:tearDown"], re.findall("^test: .*", found, re.MULTILINE))


class Readings(unittest.TestCase):
    def measured(self, reading: Reading) -> str:
        return text_of([LapMeasured(1.0, 0, LAYER, 2, (reading,))])

    def test_references(self) -> None:
        self.assertEqual(
            "test: zope:refcounts\ntags: zope:refcounts\nsuccessful: zope:refcounts [ multipart\n"
            "Content-Type: text/plain;charset=utf8\nchanges\n1\r\n70\r\n"
            "Content-Type: text/plain;charset=utf8\nsys-refcounts\n3\r\n1000\r\n]\n",
            self.measured(Reading("refcounts", Unit.COUNT, 100, 7)),
        )

    def test_details_are_a_third_attachment(self) -> None:
        found = self.measured(Reading("blocks", Unit.COUNT, 100, 7, 50, (Change("dict", 1, 2),)))
        self.assertIn("\nsys-blocks\n", found)
        self.assertIn("\ntrack\n10\r\n[('dict', 1, 2)]0\r\n", found)

    def test_a_leak_is_a_failure_of_its_test(self) -> None:
        verdict = Verdict("blocks", Unit.COUNT, Growth.LEAK, (3, 3))
        found = text_of([LeakJudged(1.0, 0, LAYER, TEST, Growth.LEAK, (verdict,), 5, ("leaks 3",), None, True)])
        self.assertIn("tags: zope:leak\nfailure: shop.T.test [ multipart\n", found)
        self.assertIn("blocks: leak [3, 3]", found)

    def test_a_clean_verdict_says_nothing(self) -> None:
        self.assertEqual("", text_of([LeakJudged(1.0, 0, LAYER, TEST, Growth.STABLE)]))


class Listing(unittest.TestCase):
    def test_tests_of_a_layer(self) -> None:
        self.assertEqual(
            "tags: zope:layer:shop.Layer\ntest: shop.T.test\nsuccessful: shop.T.test\ntags: -zope:layer:shop.Layer\n",
            text_of([TestsListed(1.0, 0, LAYER, (TEST,))]),
        )


class Recorded(unittest.TestCase):
    """Every recorded run becomes a stream, the same each time."""

    def test_all_recorded_runs(self) -> None:
        for kind in (SubunitOutputFormatter, SubunitV2OutputFormatter):
            for recorded in support_streams.STREAMS:
                with self.subTest(recorded.__name__, kind=kind.__name__):
                    streams = []
                    for _ in range(2):
                        stream = io.BytesIO()
                        replay(recorded(), kind(None, stream))
                        streams.append(stream.getvalue())
                    self.assertEqual(*streams)
