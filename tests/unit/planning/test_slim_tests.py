"""Test objects in less memory."""

from __future__ import annotations

import copy
import unittest
from gc import get_referents
from unittest import mock

from zope.testrunner.planning.slim_tests import can_be_slim, lend, share, take_back, unshare


class Sample(unittest.TestCase):
    """Tests that compare lists."""

    __test__ = False

    def fails(self) -> None:
        self.assertEqual([1], [2])


class Special(Sample):
    """A test that compares lists in its own way, as a subclass's constructor may say."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.addTypeEqualityFunc(list, lambda first, second, msg=None: None)


def methods(test: unittest.TestCase) -> object:
    """What says how a test compares."""
    return vars(test)["_type_equality_funcs"]


class TestSharing(unittest.TestCase):
    """Tests share until they run."""

    def test_common_tests_have_one_dictionary(self) -> None:
        first, second = Sample("fails"), Sample("fails")

        share(first)
        share(second)

        self.assertIs(methods(first), methods(second))

    def test_a_test_of_its_own_kind_keeps_its_own(self) -> None:
        special = Special("fails")
        before = methods(special)

        share(special)

        self.assertIs(before, methods(special))

    def test_running_gives_each_its_own_again(self) -> None:
        first, second = Sample("fails"), Sample("fails")
        share(first)
        share(second)

        unshare(vars(first))
        first.addTypeEqualityFunc(list, lambda first, second, msg=None: None)

        self.assertNotEqual(methods(first), methods(second))
        self.assertEqual(methods(Sample("fails")), methods(second))

    def test_running_gives_each_its_own_cleanups_again(self) -> None:
        first, second = Sample("fails"), Sample("fails")
        share(first)
        share(second)
        self.assertIs(vars(first)["_cleanups"], vars(second)["_cleanups"])

        unshare(vars(first))
        first.addCleanup(print)

        self.assertEqual(([], False), (vars(second)["_cleanups"], vars(second)["_cleanups"] is vars(first)["_cleanups"]))

    def test_a_cleanup_that_would_be_one_of_all_tests_is_refused(self) -> None:
        test = Sample("fails")
        share(test)

        with self.assertRaisesRegex(RuntimeError, "not running"):
            test.addCleanup(print)

    def test_cleanups_that_are_there_already_stay(self) -> None:
        test, done = Sample("fails"), []
        test.addCleanup(done.append, 1)
        share(test)
        unshare(vars(test))
        test.doCleanups()

        self.assertEqual([1], done)

    def test_a_copy_of_a_test_can_be_run_like_any_other(self) -> None:
        test, done = Sample("fails"), []
        share(test)
        for copied in (copy.copy(test), copy.deepcopy(test)):
            copied._cleanups = copy.copy(copied._cleanups)
            copied.addCleanup(done.append, 1)
            copied.doCleanups()

        self.assertEqual([1, 1], done)

    def test_a_test_without_cleanups_of_its_own_can_be_cleaned_up_while_shared(self) -> None:
        test = Sample("fails")
        share(test)

        self.assertTrue(test.doCleanups())

    def test_other_objects_are_left_alone(self) -> None:
        class Slotted:
            __slots__ = ()

        share(Slotted())
        unshare({})

    def test_comparisons_work_while_shared(self) -> None:
        test = Sample("fails")
        share(test)

        with self.assertRaisesRegex(AssertionError, "Lists differ"):
            test.fails()


class TestLending(unittest.TestCase):
    """Tests that run without a dictionary of their attributes."""

    def test_what_was_lent_is_taken_back(self) -> None:
        test, other = Sample("fails"), Sample("fails")
        share(test)
        share(other)

        lent = lend(test)
        assert lent is not None
        test.addTypeEqualityFunc(list, lambda first, second, msg=None: None)
        test.addCleanup(print)
        test._testMethodName, test._outcome = "other", 5  # type: ignore[attr-defined]

        self.assertEqual([], other._cleanups)  # type: ignore[attr-defined]
        self.assertEqual(methods(Sample("fails")), methods(other))
        self.assertTrue(take_back(test, lent))
        self.assertEqual(vars(other), vars(test))
        self.assertIs(methods(other), methods(test))

    def test_a_test_that_has_more_attributes_afterwards_is_told(self) -> None:
        test = Sample("fails")
        share(test)
        lent = lend(test)
        assert lent is not None
        test.more = 1  # type: ignore[attr-defined]

        self.assertFalse(take_back(test, lent))

    def test_so_is_one_that_has_another_attribute_instead_of_its_own(self) -> None:
        test = Sample("fails")
        share(test)
        lent = lend(test)
        assert lent is not None
        del test._subtest  # type: ignore[attr-defined]
        test.more = 1  # type: ignore[attr-defined]

        self.assertFalse(take_back(test, lent))

    def test_nothing_is_lent_to_a_test_that_is_not_as_it_was_born(self) -> None:
        more, looked_at, unshared = Sample("fails"), Sample("fails"), Sample("fails")
        for test in (more, looked_at):
            share(test)
        more.more = 1  # type: ignore[attr-defined]
        vars(looked_at)["more"] = 1

        self.assertEqual([None] * 3, [lend(test) for test in (more, looked_at, unshared)])

    def test_classes_that_watch_their_attributes_or_make_others_are_left_alone(self) -> None:
        def set_attribute(test: object, name: str, value: object) -> None:
            """Do nothing."""

        changes = {"__init__": Special.__init__, "__setattr__": set_attribute, "__getattr__": set_attribute}
        for name, value in changes.items():
            with self.subTest(name), mock.patch.object(Sample, name, value, create=True):
                self.assertFalse(can_be_slim(Sample))

        self.assertTrue(can_be_slim(Sample))
        self.assertFalse(can_be_slim(object))

    def test_no_dictionary_is_made(self) -> None:
        test = Sample("fails")
        share(test)
        number = len(get_referents(test))
        lent = lend(test)
        assert lent is not None
        take_back(test, lent)

        self.assertEqual(number, len(get_referents(test)))
