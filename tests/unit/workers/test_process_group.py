"""What a pool knows of its processes, and how it listens to them."""

from __future__ import annotations

import os
import select
import unittest
from unittest import mock

from zope.testrunner.system import originals
from zope.testrunner.workers.process_group import readable, standard_descriptors


class TestStandardDescriptors(unittest.TestCase):
    """Pipes do not get the numbers of the standard streams, also where these are closed."""

    def check(self, numbers: list[int], closed: list[int]) -> None:
        with (
            mock.patch.object(originals.os, "open", side_effect=numbers),
            mock.patch.object(originals.os, "close") as close,
        ):
            with standard_descriptors():
                self.assertEqual([mock.call(numbers[-1])], close.mock_calls)
            self.assertEqual([mock.call(number) for number in (numbers[-1], *closed)], close.mock_calls)

    def test_those_that_are_closed_are_held_meanwhile(self) -> None:
        self.check([0, 2, 3], [0, 2])

    def test_open_ones_are_left_alone(self) -> None:
        self.check([7], [])


class TestReadable(unittest.TestCase):
    """Descriptors are waited for as long as is said, or a little longer."""

    def setUp(self) -> None:
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.addCleanup(os.close, self.writing)

    def test_those_that_can_be_read(self) -> None:
        self.assertEqual([], readable([self.reading], 0))
        os.write(self.writing, b".")

        self.assertEqual([self.reading], readable([self.reading], 60))

    @unittest.skipUnless(hasattr(select, "poll"), "needs poll")
    def test_a_part_of_a_millisecond_is_waited_for_as_well(self) -> None:
        with mock.patch.object(originals.select, "poll") as poll:
            poll().poll.return_value = []
            for seconds in (-1.0, 0, 0.0004, 0.25):
                readable([self.reading], seconds)

        self.assertEqual([0, 0, 1, 251], [call.args[0] for call in poll().poll.call_args_list])
