"""Caches that repeated work fills, told beside the readings."""

from __future__ import annotations

import functools
import itertools
import unittest
from collections.abc import Callable
from unittest import mock

from zope.testrunner.leaks.cache_filling import Filling

numbers = itertools.count()


def answers(limit: int | None) -> Callable[[int], list[int]]:
    @functools.lru_cache(limit)
    def answer(number: int) -> list[int]:
        return [number]

    return answer


@unittest.skipUnless(hasattr(functools.lru_cache(lambda: None), "cache_info"), "caches do not tell their sizes here")
class TestFilling(unittest.TestCase):
    """One look before and one after."""

    def test_those_that_took_something_in_are_named_with_their_limit(self) -> None:
        answer, idle = answers(1200), answers(64)
        idle(1)
        answer(next(numbers))
        filling = Filling()
        for _ in range(3):
            answer(next(numbers))

        sentence = filling.sentence() or ""

        self.assertRegex(sentence, r"answers\.<locals>\.answer from 1 to 4 of 1,200")
        self.assertNotIn("of 64", sentence)

    def test_one_without_a_limit_is_no_excuse(self) -> None:
        answer = answers(None)
        filling = Filling()
        answer(next(numbers))

        self.assertNotIn("answers", filling.sentence() or "")

    def test_nothing_is_said_if_none_has_grown(self) -> None:
        with mock.patch("zope.testrunner.leaks.cache_filling.gc.get_objects", list):
            self.assertIsNone(Filling().sentence())

    def test_no_more_than_three_are_named(self) -> None:
        many = [answers(2000) for _ in range(5)]
        with mock.patch("zope.testrunner.leaks.cache_filling.gc.get_objects", lambda: many):
            filling = Filling()
            for answer in many:
                answer(next(numbers))
            sentence = filling.sentence() or ""

        self.assertEqual(3, sentence.count("from 0 to 1 of 2,000"))
        self.assertTrue(sentence.endswith("; 2 more."), sentence)

    def test_no_cache_is_kept_alive(self) -> None:
        filling = Filling()
        self.assertTrue(all(type(each) is int for each in filling._before))
