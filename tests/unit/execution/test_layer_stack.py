"""Setting up and tearing down layers as needed."""

from __future__ import annotations

import unittest

from zope.testrunner.core.events import SetUpFinished, TearDownFinished
from zope.testrunner.core.layer_order import with_bases
from zope.testrunner.core.model import TearDownEnd
from zope.testrunner.exceptions import CanNotTearDown
from zope.testrunner.execution.layer_stack import LayerStack
from zope.testrunner.testing import FakeClock, RecordingSink


class Layer:
    """A layer that notes what happens to it; hooks raise what they are given."""

    def __init__(
        self,
        name: str,
        *bases: Layer,
        up: BaseException | None = None,
        down: BaseException | None = None,
        calls: list[str] | None = None,
    ) -> None:
        self.__name__ = name
        self.__bases__ = bases
        self.raises = {"up": up, "down": down}
        self.calls: list[str] = calls if calls is not None else bases[0].calls

    def note(self, what: str) -> None:
        """Note a call and raise what there is to raise."""
        self.calls.append(f"{self.__name__} {what}")
        error = self.raises[what]
        if error is not None:
            raise error

    def setUp(self) -> None:
        """Noted."""
        self.note("up")

    def tearDown(self) -> None:
        """Noted."""
        self.note("down")


class StackCase(unittest.TestCase):
    """A stack whose events are recorded."""

    def setUp(self) -> None:
        self.calls: list[str] = []
        self.sink = RecordingSink()
        self.stack = LayerStack(self.sink.events.append, FakeClock())

    def go_to(self, layer: Layer) -> bool:
        """Make the stack ready for a layer, as an executor does."""
        self.stack.tear_down_unneeded(with_bases([layer]))
        return self.stack.set_up(layer)

    def taken(self) -> str:
        """The calls so far, which are forgotten."""
        text = ", ".join(self.calls)
        del self.calls[:]
        return text


class TestWay(StackCase):
    """No more is set up and torn down than has to be."""

    def test_bases_first_and_shared_ones_stay(self) -> None:
        base = Layer("base", calls=self.calls)
        left, right = Layer("left", base), Layer("right", base)

        self.assertTrue(self.go_to(left))
        self.assertEqual("base up, left up", self.taken())
        self.assertTrue(self.go_to(right))
        self.assertEqual("left down, right up", self.taken())
        self.stack.clean_up()
        self.assertEqual("right down, base down", self.taken())

    def test_several_bases_are_set_up_from_first_to_last(self) -> None:
        first, second = Layer("first", calls=self.calls), Layer("second", calls=self.calls)

        self.go_to(Layer("top", first, second))

        self.assertEqual("first up, second up, top up", self.taken())

    def test_a_class_without_hooks_is_set_up_all_the_same(self) -> None:
        class Plain:
            """No hooks."""

        self.assertTrue(self.stack.set_up(Plain))

        self.assertEqual((Plain,), self.stack.up)
        self.assertEqual(["SetUpStarted", "SetUpFinished"], self.sink.kinds())

    def test_cleaning_up_nothing_says_nothing(self) -> None:
        self.stack.clean_up()

        self.assertEqual([], self.sink.events)


class TestProblems(StackCase):
    """A hook that raises is a problem of its layer, and the run goes on."""

    def test_failing_set_up(self) -> None:
        base = Layer("base", calls=self.calls)
        bad = Layer("bad", base, up=ValueError("no"))

        self.assertFalse(self.go_to(Layer("top", bad)))

        self.assertEqual("base up, bad up", self.taken())
        self.assertEqual((base,), self.stack.up)
        self.assertEqual(1, self.stack.problems)
        problem = self.sink.of(SetUpFinished)[-1].problem
        assert problem is not None
        self.assertEqual("no", problem.message)

    def test_who_is_told_of_a_failing_hook_has_what_was_raised_and_nobody_keeps_it(self) -> None:
        for hook in ("up", "down"):
            with self.subTest(hook):
                seen: list[object] = []

                def emit(event: object, seen: list[object] = seen) -> None:
                    problem = getattr(event, "problem", None)
                    if problem is not None:
                        _, error, trace = problem.live
                        # The frame of `Layer.note`, which is emptied afterwards.
                        seen += [error, trace.tb_next.tb_next.tb_frame, "what" in trace.tb_next.tb_next.tb_frame.f_locals]

                error = ValueError("no")
                layer = Layer("bad", calls=self.calls)
                layer.raises[hook] = error
                stack = LayerStack(emit, FakeClock())

                stack.set_up(layer)
                stack.clean_up()

                raised, frame, had_variables = seen
                self.assertIs(error, raised)
                self.assertIs(True, had_variables)
                self.assertEqual({}, frame.f_locals)  # type: ignore[attr-defined]

    def test_a_set_up_that_is_not_implemented_is_a_problem_like_any_other(self) -> None:
        self.assertFalse(self.go_to(Layer("bad", up=NotImplementedError(), calls=self.calls)))

    def test_a_set_up_that_exits_is_a_problem_like_any_other(self) -> None:
        self.assertFalse(self.go_to(Layer("bad", up=SystemExit(3), calls=self.calls)))

    def test_failing_tear_down_is_not_tried_again(self) -> None:
        self.go_to(Layer("bad", down=ValueError("no"), calls=self.calls))

        self.stack.clean_up()
        self.stack.clean_up()

        self.assertEqual("bad up, bad down", self.taken())
        self.assertEqual(TearDownEnd.FAILED, self.sink.of(TearDownFinished)[0].end)
        self.assertEqual(1, self.stack.problems)

    def test_unsupported_tear_down_is_told_to_the_caller_when_the_layer_is_in_the_way(self) -> None:
        self.go_to(Layer("stays", down=NotImplementedError(), calls=self.calls))

        with self.assertRaises(CanNotTearDown):
            self.go_to(Layer("next", calls=self.calls))

        self.assertEqual(TearDownEnd.UNSUPPORTED, self.sink.of(TearDownFinished)[0].end)
        self.assertEqual(0, self.stack.problems)

    def test_unsupported_tear_down_at_the_end_does_not_keep_others_up(self) -> None:
        base = Layer("base", calls=self.calls)
        self.go_to(Layer("stays", base, down=NotImplementedError()))

        self.stack.clean_up()

        self.assertEqual("base up, stays up, stays down, base down", self.taken())

    def test_ctrl_c_goes_through(self) -> None:
        with self.assertRaises(KeyboardInterrupt):
            self.go_to(Layer("slow", up=KeyboardInterrupt(), calls=self.calls))
