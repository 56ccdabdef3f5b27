"""Running what a list names."""

from __future__ import annotations

import subprocess
import sys
import unittest

from support import ProjectCase, environment, run_tests
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.planning.load_list import Wanted

TESTS = """
import unittest
class Layer:
    @classmethod
    def setUp(cls): pass
    @classmethod
    def tearDown(cls): raise NotImplementedError
class Other(Layer): pass
class A(unittest.TestCase):
    layer = Layer
    def test_1(self): pass
    def test_2(self): pass
class B(unittest.TestCase):
    layer = Other
    def test_1(self): pass
class C(unittest.TestCase):
    def test_1(self): pass
"""


def ref(id: str, layer: str = "m.L") -> TestRef:
    return TestRef(None, LayerName(layer), id=id, label=id)


class Ids(unittest.TestCase):
    def test_a_test_is_meant_by_its_id(self) -> None:
        wanted = Wanted(["m.T.a"])
        self.assertTrue(wanted.accepts(ref("m.T.a")))
        self.assertFalse(wanted.accepts(ref("m.T.ab")))
        self.assertEqual([], wanted.unknown([]))

    def test_hooks_of_a_layer_mean_its_tests(self) -> None:
        for name in ("m.L:setUp", "m.L:tearDown", "m.L:leaks", "subprocess for m.L"):
            with self.subTest(name):
                wanted = Wanted([name])
                self.assertTrue(wanted.accepts(ref("m.T.a")))
                self.assertFalse(wanted.accepts(ref("m.T.a", "m.M")))

    def test_fixtures_mean_the_tests_that_need_them(self) -> None:
        for name in (f"setUpClass ({__name__}.Ids)", f"tearDownModule ({__name__})"):
            with self.subTest(name):
                wanted = Wanted([name])
                self.assertTrue(wanted.accepts(TestRef(self, LayerName("m.L"))))
                self.assertFalse(wanted.accepts(TestRef(unittest.FunctionTestCase(print), LayerName("m.L"))))

    def test_what_means_nothing_is_told(self) -> None:
        self.assertEqual(["x"], Wanted(["x", "module"]).unknown(["module"]))


class Runs(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", TESTS)

    def ran(self, *ids: str) -> str:
        path = self.write("ids", "".join(f"{each}\n" for each in ids))
        done = run_tests("--path", self.project, "--load-list", path, "-vv")
        self.assertEqual((0, ""), (done.status, done.err))
        return done.out

    def test_only_what_is_listed(self) -> None:
        out = self.ran("tests.A.test_2", "tests.C.test_1", "")
        self.assertIn("test_2 (tests.A.test_2)", out)
        self.assertNotIn("test_1 (tests.A.test_1)", out)
        self.assertIn("Total: 2 tests", out)

    def test_a_list_on_standard_input_reaches_child_processes(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), "--load-list", "-", "-vv"],
            input=b"tests.A.test_1\ntests.B.test_1\n",
            env=environment(),
            capture_output=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn(b"Total: 2 tests", done.stdout)

    def test_unknown_ids_are_told(self) -> None:
        path = self.write("ids", "nosuch\ntests.C.test_1\n")
        done = run_tests("--path", self.project, "--load-list", path)
        self.assertEqual("--load-list: no selected test has the id nosuch (1 of the list)\n", done.err)
        self.assertIn("Ran 1 tests", done.out)

    def test_nothing_selected_names_the_list(self) -> None:
        path = self.write("ids", "nosuch\n")
        self.assertIn("removed by --load-list", run_tests("--path", self.project, "--load-list", path).err)

    def test_a_list_that_cannot_be_read(self) -> None:
        done = run_tests("--path", self.project, "--load-list", self.project / "nosuch")
        self.assertEqual(2, done.status)
        self.assertRegex(done.err, r"error: --load-list \S+nosuch: cannot read it: ")
