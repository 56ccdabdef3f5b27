"""What other packages import from the runner's module, used as they use it."""

from __future__ import annotations

import contextlib
import io
import re
import unittest

from support_runner import Sample

from zope.testrunner import runner as module
from zope.testrunner.layer import UnitTests


class TestHistoricalNames(unittest.TestCase):
    """Other packages import these from here."""

    def test_layers_by_name(self) -> None:
        self.assertIs(UnitTests, module.layer_from_name("zope.testrunner.layer.UnitTests"))
        with self.assertRaisesRegex(AttributeError, "^module 'zope.testrunner.layer' has no attribute 'Nothing'$"):
            module.layer_from_name("zope.testrunner.layer.Nothing")
        with self.assertRaises(ModuleNotFoundError):
            module.layer_from_name("no.such.module.Layer")

    def test_layer_failures_name_the_layer_and_the_hook(self) -> None:
        self.assertEqual(
            "Layer: zope.testrunner.layer.UnitTests.setUp", str(module.SetUpLayerFailure(UnitTests))
        )
        self.assertEqual("tearDown", module.TearDownLayerFailure.subunit_label)

    def test_reprs_are_cut(self) -> None:
        class C:
            def __repr__(self) -> str:
                raise ValueError

        (line,) = module.repr_lines(C())
        self.assertIn(".C'> instance at 0x", line)
        self.assertEqual("...", module.repr_lines(list(range(1000)))[-1])
        self.assertEqual(6, len(module.repr_lines(list(range(1000)))))
        self.assertTrue(module.repr_lines("x" * 300)[0].endswith("..."))

    def test_a_result_reports_to_the_output_of_the_options(self) -> None:
        from argparse import Namespace

        from zope.testrunner.report.console.text import OutputFormatter

        options = Namespace(output=OutputFormatter(Namespace(verbose=2, progress=False)))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            result = module.TestResult(options, unittest.TestSuite([Sample("passes")]))
            result.run_test(Sample("passes"))

        self.assertIn(" passes (", out.getvalue())


class Ground:
    """A layer at the bottom; what happens to it and to `Upper` is noted."""

    calls: list[str] = []

    @classmethod
    def setUp(cls) -> None:
        cls.calls.append(f"up {cls.__name__}")

    @classmethod
    def tearDown(cls) -> None:
        cls.calls.append(f"down {cls.__name__}")


class Upper(Ground):
    """A layer on top of it, with the same hooks."""


class Unsteady:
    """A layer that breaks whatever is done to it."""

    problem: BaseException = OSError("no power")

    @classmethod
    def setUp(cls) -> None:
        raise cls.problem

    @classmethod
    def tearDown(cls) -> None:
        raise cls.problem


class TestLayersByHand(unittest.TestCase):
    """Layers' own tests set them up and tear them down without running any tests in them."""

    def setUp(self) -> None:
        Ground.calls.clear()
        self.options = module.get_options([], [])
        self.up: dict[object, int] = {}
        self.errors: list[tuple[unittest.TestCase, object]] = []

    def said(self, function: object, *args: object) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            function(*args)  # type: ignore[operator]
        return re.sub(r"\d+\.\d{3}", "N", out.getvalue()).replace(f"{__name__}.", "")

    def test_bases_are_set_up_first_and_each_layer_once(self) -> None:
        first = self.said(module.setup_layer, self.options, Upper, self.up)
        again = self.said(module.setup_layer, self.options, Upper, self.up)

        self.assertEqual("  Set up Ground in N seconds.\n  Set up Upper in N seconds.\n", first)
        self.assertEqual("", again)
        self.assertEqual(["up Ground", "up Upper"], Ground.calls)
        self.assertEqual({Ground, Upper}, set(self.up))

    def test_what_a_set_up_raises_is_for_the_caller(self) -> None:
        with self.assertRaisesRegex(OSError, "no power"):
            self.said(module.setup_layer, self.options, Unsteady, self.up)

        self.assertEqual({}, self.up)

    def test_what_is_needed_stays_up(self) -> None:
        self.up = {Ground: 1, Upper: 1}

        first = self.said(module.tear_down_unneeded, self.options, [Ground], self.up, self.errors)
        second = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)

        self.assertEqual("  Tear down Upper in N seconds.\n", first)
        self.assertEqual("  Tear down Ground in N seconds.\n", second)
        self.assertEqual(["down Upper", "down Ground"], Ground.calls)
        self.assertEqual(({}, []), (self.up, self.errors))

    def test_a_tear_down_that_raises_is_an_error_of_its_layer(self) -> None:
        self.up = {Unsteady: 1}

        text = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)

        self.assertIn("OSError: no power\n", text)
        self.assertEqual([f"Layer: {__name__}.Unsteady.tearDown"], [str(failure) for failure, _ in self.errors])
        self.assertEqual({}, self.up)

    def test_a_layer_that_cannot_be_torn_down_ends_it_unless_it_does_not_matter(self) -> None:
        class Fixed(Unsteady):
            __module__ = __name__
            problem = NotImplementedError()

        self.up = {Fixed: 1}
        with self.assertRaises(module.CanNotTearDown):
            self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)
        self.up = {Fixed: 1}
        text = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors, True)

        self.assertEqual("  Tear down Fixed ... not supported\n", text)
        self.assertEqual([], self.errors)
