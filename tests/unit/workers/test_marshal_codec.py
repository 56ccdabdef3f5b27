"""Events between processes that run the same code."""

from __future__ import annotations

import marshal
import unittest

from zope.testrunner.core.events import (
    LapMeasured,
    LeakJudged,
    Left,
    LeftBehind,
    ProblemReported,
    TearDownFinished,
    TestFinished,
)
from zope.testrunner.core.model import LayerName, Outcome, Problem, TearDownEnd, TestRef
from zope.testrunner.core.report_names import Names
from zope.testrunner.leaks.readings import Change, Growth, Reading, Unit, Verdict
from zope.testrunner.workers.marshal_codec import decode_event, encode_event

LAYER = LayerName("m.L")
TEST = TestRef(None, LAYER, 2, id="m.T.test", label="test (m.T.test)").named(Names("a", "b", "c"))
READING = Reading("blocks", Unit.COUNT, 5000, 2, 40, (Change("list", 1, 2),))
VERDICT = Verdict("blocks", Unit.COUNT, Growth.LEAK, (2, 2), 2, None)
PROBLEM = Problem(Outcome.FAILED, "AssertionError", "text \udcff", "Traceback\n")


class Text(str):  # noqa: SLOT000 - as users would write it
    """A text of a class of its own, which tests may use for names and reasons."""


class TestParcels(unittest.TestCase):
    """What comes out is what went in, but for live objects."""

    def test_there_and_back(self) -> None:
        for event in (
            TestFinished(1.5, 1, TEST, Outcome.SKIPPED, 0.1, ("why", "else"), None, "err", 3),
            ProblemReported(1.5, 1, TEST, PROBLEM, 0.1, "label"),
            TearDownFinished(1.5, 1, LAYER, 0.1, TearDownEnd.FAILED, PROBLEM),
            LeakJudged(1.5, 1, LAYER, None, Growth.LEAK, (VERDICT,), 4, ("a", "b"), None, True),
            LapMeasured(1.5, 1, LAYER, 2, (READING,)),
            LeftBehind(1.5, 1, LAYER, TEST, Left.THREADS, ("<Thread>",)),
        ):
            with self.subTest(type(event).__name__):
                back = decode_event(marshal.loads(marshal.dumps(encode_event(event))))
                self.assertEqual(event, back)
                self.assertEqual(repr(event), repr(back))

    def test_names_come_along(self) -> None:
        back = decode_event(encode_event(ProblemReported(1.5, 1, TEST, PROBLEM, 0.1)))

        self.assertEqual(Names("a", "b", "c"), back.test.names)

    def test_live_objects_stay(self) -> None:
        error = ValueError()
        problem = PROBLEM.replace(live=(ValueError, error, None))

        back = decode_event(encode_event(ProblemReported(1.5, 1, TEST, problem, 0.1)))

        self.assertIsNone(back.problem.live)
        left = LeftBehind(1.5, 1, LAYER, None, Left.GARBAGE, ("x",), (error,))
        self.assertEqual((), decode_event(encode_event(left)).live)

    def test_texts_of_other_classes_become_plain(self) -> None:
        event = TestFinished(0.0, 1, TEST, Outcome.SKIPPED, 0.1, (Text("why"),))

        back = decode_event(marshal.loads(marshal.dumps(encode_event(event))))

        self.assertEqual(("why",), back.reasons)
        self.assertIs(str, type(back.reasons[0]))
