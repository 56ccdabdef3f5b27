"""What is left of a set-up: `zope.testrunner.leaks.survivors_of_set_up`."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import unittest
from unittest import mock

from support import InFreshProcess
from zope.testrunner.leaks.survivors_of_set_up import Remains, SetUp

held: list[object] = []


class Thing:
    """Something that a set-up makes."""


class TestSetUp(InFreshProcess):
    """Objects, descriptors, threads and files are known one by one."""

    def setUp(self) -> None:
        held.clear()

    def test_nothing(self) -> None:
        made = SetUp()
        made.done()

        self.assertEqual((), made.remains().descriptors)
        self.assertEqual([], Remains().lines())

    def test_objects_by_type_with_one_that_holds_them(self) -> None:
        made = SetUp()
        held.append([Thing() for _ in range(10)])
        made.done()
        remains = made.remains()

        number, title, way = remains.objects[0]
        self.assertEqual((10, f"{__name__}.Thing"), (number, title))
        self.assertIn("held[0][", way or "")
        self.assertIn(f"still there: 10 {title}, one of them is {way}", remains.lines())

        held.clear()
        gc.collect()
        self.assertNotIn(title, [row[1] for row in made.remains().objects])

    def test_what_is_there_before_is_none_of_it(self) -> None:
        held.append([Thing() for _ in range(10)])
        made = SetUp()
        made.done()

        self.assertNotIn(f"{__name__}.Thing", [row[1] for row in made.remains().objects])

    def test_descriptors_and_threads(self) -> None:
        event = threading.Event()
        thread = threading.Thread(target=event.wait, name="waits")
        made = SetUp()
        number = os.open(os.devnull, os.O_RDONLY)
        thread.start()
        made.done()
        remains = made.remains()

        self.assertEqual(((os.devnull,), ("waits",)), (remains.descriptors, remains.threads))
        self.assertEqual([f"open on: {os.devnull}", "running: waits"], remains.lines()[-2:])

        os.close(number)
        event.set()
        thread.join()
        remains = made.remains()
        self.assertEqual(((), ()), (remains.descriptors, remains.threads))

    def test_temporary_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(tempfile, "tempdir", folder):
            before = tempfile.mkdtemp()
            made, blind = SetUp(), SetUp(with_files=False)
            made_in_it = tempfile.mkdtemp()
            made.done()
            blind.done()

            self.assertEqual((made_in_it,), made.remains().files)
            self.assertEqual((), blind.remains().files)
            os.rmdir(made_in_it)
            self.assertEqual((), made.remains().files)
            os.rmdir(before)

    def test_no_more_names_than_anybody_reads(self) -> None:
        remains = Remains(files=tuple(map(str, range(7))))

        self.assertEqual(["files: 0, 1, 2, 3, 4 and 2 more"], remains.lines())


if __name__ == "__main__":
    unittest.main()
