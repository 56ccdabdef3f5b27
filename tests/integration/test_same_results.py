"""A hunt changes no result: what passes or fails without one does so with one, whatever a test knows of the collector."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from importlib.util import find_spec

from support import Done, ProjectCase, environment

#: Tests about the collector, weak references and reference counts.  Some can be done once only, and say so later.
CORPUS = """
import contextlib, gc, sys, types, unittest, weakref
from unittest import mock

class Node:
    def __init__(self, *others):
        self.me = self
        self.others = others

class Kept(list):
    pass

class Plain:
    pass

old = [Node() for _ in range(1_000)]
marker = Node()
errors, generators, objects = [], [], []
modules = {name: types.ModuleType(name) for name in ("first_of_corpus", "second_of_corpus")}
sys.modules.update(modules)
victims = {name: Kept() for name in "abcdef"}
table = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
finalized = []
shared = object()
counted = Kept()

class Case(unittest.TestCase):
    def once(self, condition):
        if not condition:
            self.skipTest("once")

class Collecting(Case):
    def test_cycles_from_before(self):
        reference = weakref.ref(old.pop())
        gc.collect()
        self.assertIsNone(reference())

    def test_cycles_of_its_own(self):
        node = Node()
        reference = weakref.ref(node)
        del node
        self.assertIsNotNone(reference())
        self.assertGreaterEqual(gc.collect(), 1)
        self.assertIsNone(reference())

    def test_callbacks_of_cycles_from_before(self):
        called = []
        reference = weakref.ref(old.pop(), called.append)
        gc.collect()
        self.assertEqual([reference], called)

    def test_callbacks_of_the_collector(self):
        phases = []
        note = lambda phase, info: phases.append((phase, info["generation"]))
        gc.callbacks.append(note)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(note)
        self.assertEqual([("start", 2), ("stop", 2)], phases)
        self.assertEqual([], gc.callbacks)

    def test_finalizers_of_cycles_from_before(self):
        weakref.finalize(old.pop(), finalized.append, "node")
        gc.collect()
        self.assertEqual("node", finalized.pop())

    def test_weak_tables(self):
        table["node"] = old.pop()
        keys[old.pop()] = 1
        gc.collect()
        self.assertEqual((0, 0), (len(table), len(keys)))

    def test_nothing_is_uncollectable(self):
        gc.collect()
        self.assertEqual([], gc.garbage)

    def test_collecting_young_ones_only(self):
        node = Node()
        reference = weakref.ref(node)
        del node
        gc.collect(0)
        self.assertIsNone(reference())

    def test_a_second_time_there_is_nothing(self):
        gc.collect()
        self.assertEqual(0, gc.collect())

    def test_automatically(self):
        node = Node()
        reference = weakref.ref(node)
        del node
        kept = [[number] for number in range(100_000)]
        self.assertIsNone(reference())

    def test_the_collector_can_be_switched_off(self):
        gc.disable()
        try:
            self.assertFalse(gc.isenabled())
        finally:
            gc.enable()
        self.assertTrue(gc.isenabled())

class Looking(Case):
    def test_objects_from_before(self):
        self.assertTrue(any(each is marker for each in gc.get_objects()))

    def test_objects_of_its_own(self):
        mine = Node()
        self.assertTrue(any(each is mine for each in gc.get_objects()))

    def test_referrers_from_before(self):
        self.assertTrue(any(each is globals() for each in gc.get_referrers(marker)))

    def test_referrers_of_its_own(self):
        holder = [marker]
        self.assertTrue(any(each is holder for each in gc.get_referrers(marker)))

    def test_all_instances(self):
        nodes = [each for each in gc.get_objects() if type(each) is Kept and each is counted]
        self.assertEqual(1, len(nodes))

    def test_no_instances(self):
        gc.collect()
        self.assertEqual([], [each for each in gc.get_objects() if type(each) is Plain])

    def test_subclasses_that_are_gone(self):
        class Gone(Plain):
            pass
        reference = weakref.ref(Gone)
        del Gone
        gc.collect()
        self.assertIsNone(reference())
        self.assertEqual([], Plain.__subclasses__())

    def test_nothing_is_frozen(self):
        self.assertLess(gc.get_freeze_count(), 1000)

    def test_freezing(self):
        gc.freeze()
        self.assertGreater(gc.get_freeze_count(), 1000)
        gc.unfreeze()
        self.assertLess(gc.get_freeze_count(), 1000)

    def test_modules_that_are_dropped(self):
        self.once(modules)
        name, module = modules.popitem()
        reference = weakref.ref(module)
        del sys.modules[name], module
        gc.collect()
        self.assertIsNone(reference())

class Counting(Case):
    def test_one_object(self):
        mine = object()
        # Newer versions of Python lend it to the function.
        self.assertIn(sys.getrefcount(mine), (1, 2))

    def test_one_of_all_tests(self):
        before = sys.getrefcount(shared)
        holder = [shared] * 3
        self.assertEqual(before + 3, sys.getrefcount(shared))
        del holder
        self.assertEqual(before, sys.getrefcount(shared))

    def test_the_same_after_a_collection(self):
        before = sys.getrefcount(counted)
        cycle = [counted]
        cycle.append(cycle)
        del cycle
        gc.collect()
        self.assertEqual(before, sys.getrefcount(counted))

    def test_only_the_module_has_it(self):
        self.assertEqual(2, sys.getrefcount(victims["a"]))

    def test_its_own_object(self):
        self.assertGreaterEqual(sys.getrefcount(self), 2)

    def test_weak_references_to_its_own_objects(self):
        mine = Node()
        self.assertEqual(0, weakref.getweakrefcount(mine))

    def test_weak_references_to_objects_from_before(self):
        self.assertEqual(0, weakref.getweakrefcount(counted))

class KeepingA(Case):
    # These leak, are judged and explained; none of what is gathered for that may stay.
    def test_an_exception(self):
        try:
            raise ValueError
        except ValueError as error:
            errors.append(error)

    def test_a_chain_of_exceptions(self):
        try:
            try:
                raise ValueError
            except ValueError:
                raise KeyError
        except KeyError as error:
            errors.append(error)

    def test_a_frame(self):
        objects.append(sys._getframe())

    def test_a_generator(self):
        def count():
            frame = sys._getframe()
            yield frame
        generator = count()
        next(generator)
        generators.append(generator)

    def test_a_mock_that_raised(self):
        double = mock.Mock(side_effect=OSError)
        with contextlib.suppress(OSError):
            double()
        objects.append(double)

    def test_a_thing_with_a_curious_text(self):
        class Curious:
            def __repr__(self):
                try:
                    raise TypeError
                except TypeError as error:
                    errors.append(error)
                return "curious"
        objects.append(Curious())

class Letting(Case):
    def goes(self, name):
        self.once(name in victims)
        reference = weakref.ref(victims.pop(name))
        gc.collect()
        self.assertIsNone(reference())

    def test_b_go(self):
        self.goes("b")

    def test_c_go_at_once(self):
        self.once("c" in victims)
        reference = weakref.ref(victims.pop("c"))
        self.assertIsNone(reference())

    def test_dd_keep_another(self):
        objects.append([1])

    def test_e_go(self):
        self.goes("d")

class WithFixtures(Case):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.again = Node()
        cls.seen = any(each is marker for each in gc.get_objects())

    @classmethod
    def tearDownClass(cls):
        assert any(each is marker for each in gc.get_objects())

    def test_a_what_it_made_can_go(self):
        self.once(self.node)
        reference = weakref.ref(self.node)
        type(self).node = None
        gc.collect()
        self.assertIsNone(reference())

    def test_b_what_it_saw(self):
        self.assertTrue(self.seen)

    def test_c_young_ones_can_go(self):
        self.once(self.again)
        reference = weakref.ref(self.again)
        type(self).again = None
        gc.collect()
        self.assertIsNone(reference())

class Failing(Case):
    # What fails has to fail: no run but the first counts.
    def test_a_cycle_that_was_expected_to_stay(self):
        reference = weakref.ref(old.pop())
        gc.collect()
        self.assertIsNotNone(reference())

    def test_b_an_object_that_was_expected_to_be_hidden(self):
        self.assertFalse(any(each is marker for each in gc.get_objects()))

    def test_c_skips(self):
        if any(each is marker for each in gc.get_objects()):
            self.skipTest("it is seen")
"""

#: The counts that every way to run it has to show.
FAILED, SKIPPED = 2, 1


class SameResults(ProjectCase):
    """The corpus, with and without a hunt."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", CORPUS)

    def results(self, *options: str) -> tuple[str, list[str]]:
        """The totals, and the names of what did not pass."""
        done = self.run_project("-v", *options)
        totals = re.search(r"Ran (\d+) tests with (\d+) failures, (\d+) errors and (\d+) skipped", done.out)
        assert totals is not None, done
        failed = re.findall(r"^(?:Failure|Error) in test (\w+)", done.out, re.MULTILINE)
        return totals[0], sorted(failed)

    def test_with_whatever_is_asked_of_a_hunt(self) -> None:
        plain = self.results()
        self.assertIn(f" tests with {FAILED} failures, 0 errors and {SKIPPED} skipped", plain[0])

        for options in ("--leaks", "--leaks --no-leaks-explain", "--leaks=2:2", "--leaks=0:2", "--leaks -j2"):
            with self.subTest(options):
                self.assertEqual(plain, self.results(*options.split()))

    def test_in_another_order(self) -> None:
        for seed in ("1", "2", "3"):
            with self.subTest(seed=seed):
                order = ("--shuffle", "--shuffle-seed", seed)

                self.assertEqual(self.results(*order), self.results("--leaks", *order))


@unittest.skipUnless(find_spec("pytest"), "pytest is not installed")
class SameResultsInPytest(ProjectCase):
    """The corpus in pytest."""

    def pytest(self, *options: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "zope.testrunner.pytest_plugin", "-v", "tests.py", *options],
            cwd=self.project,
            env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def results(self, done: Done) -> list[tuple[str, str]]:
        """How each item ended, but for leaks."""
        ends = re.findall(r"^(tests\.py::\S+) (PASSED|FAILED|ERROR|SKIPPED|LEAKED)", done.out, re.MULTILINE)
        return sorted((name, "PASSED" if end == "LEAKED" else end) for name, end in ends)

    def test_with_a_hunt(self) -> None:
        self.write("pytest.ini", "[pytest]\n")
        self.write("tests.py", CORPUS)
        plain = self.pytest()
        self.assertIn(f"{FAILED} failed", plain.out)

        hunted = self.pytest("--leaks-report-only", "--leaks")

        self.assertEqual(self.results(plain), self.results(hunted))
        self.assertIn(f"{FAILED} failed", hunted.out)
        self.assertIn(f"{SKIPPED} skipped", hunted.out)
