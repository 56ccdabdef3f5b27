"""Tests of `zope.testrunner.core.config`."""

from __future__ import annotations

import argparse
import sys
import unittest

from zope.testrunner.core.config import Config, Execution, LeakPolicy, Ordering, Output, Selection
from zope.testrunner.core.model import Levels
from zope.testrunner.exceptions import UsageError
from zope.testrunner.options import get_options


def config(*words, **more):
    """The configuration for words without a program name, with attributes that the runner adds."""
    options = get_options(["test", *words])
    vars(options).update(more)
    return Config.from_options(options)


class TestFromOptions(unittest.TestCase):
    """Each group has what the words said."""

    def test_no_words_give_the_defaults(self):
        self.assertEqual(Config(), config())

    def test_a_namespace_without_attributes_gives_the_defaults(self):
        self.assertEqual(Config(), Config.from_options(argparse.Namespace()))

    def test_selection(self):
        words = "-t a -t !b -m c --layer d -s pkg --path /src --list-tests --require-tests -f"
        found = config(*words.split(), "--tests-pattern", "^x", "--test-file-pattern", "y$").select

        self.assertEqual(
            Selection(
                test=("a", "!b"),
                module=("c",),
                layer=("d",),
                non_unit=True,
                require_tests=True,
                listing=True,
                paths=("/src",),
                packages=("pkg",),
                tests_pattern="^x",
                test_file_pattern="y$",
            ),
            found,
        )

    def test_unit_tests_only(self):
        found = config("-u").select

        self.assertEqual((True, ("zope.testrunner.layer.UnitTests",)), (found.unit, found.layer))

    def test_uniqueness(self):
        self.assertTrue(config("--require-unique").select.require_unique)
        self.assertFalse(config("--require-unique", "-m", "x").select.require_unique)

    def test_levels(self):
        for words, expected in (
            ((), Levels(1)),
            (("-a", "3"), Levels(3)),
            (("--at-level=-1",), Levels(-1)),
            (("--all",), Levels(sys.maxsize, None, all=True)),
            (("--all", "--only-level", "2"), Levels(sys.maxsize, 2, all=True)),
        ):
            with self.subTest(words):
                self.assertEqual(expected, config(*words).select.levels)

    def test_ordering(self):
        self.assertEqual(Ordering(True, 42), config("--shuffle", "--shuffle-seed", "42").order)

    def test_execution(self):
        found = config("-N3", "-x", "--buffer", testrunner_defaults=["-v"], resume_layer="a.B", resume_number=0).execute

        self.assertEqual(
            Execution(3, True, True, "a.B", 0, ("-v",), ("-N3", "-x", "--buffer")), found.replace(ignore_new_threads=())
        )

    def test_tests_are_run_at_least_once(self):
        self.assertEqual(1, config(repeat=0).execute.repeat)

    def test_thread_patterns_are_compiled(self):
        (found,) = config("--ignore-new-thread", "pool-").execute.ignore_new_threads

        self.assertTrue(found.match("pool-1"))

    def test_a_bad_thread_pattern_of_another_origin_is_a_usage_error(self):
        with self.assertRaisesRegex(UsageError, r"--ignore-new-thread: '\[' is not a regular expression"):
            config(ignore_new_threads=["["])

    def test_readings_have_details_when_verbose(self):
        self.assertEqual(LeakPolicy(True, False), config("-N2", "-r").leaks)
        self.assertEqual(LeakPolicy(True, True), config("-N2", "-r", "-v").leaks)

    def test_output(self):
        self.assertEqual(Output(2, True, True, 2.5), config("-vv", "-p", "-c", "--slow-test", "2.5").output)

    def test_patterns_of_another_origin_are_named(self):
        self.assertEqual("x", config(tests_pattern="x").select.tests_pattern)
