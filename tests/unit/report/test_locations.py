"""Places in files that reports name: `zope.testrunner.report.locations`."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from zope.testrunner.report.locations import Location, location, locations

ROOT = os.path.realpath("/home/you/project")

TRACEBACK = f"""\
Traceback (most recent call last):
  File "{ROOT}/src/app/tests.py", line 7, in test_a
    call()
  File "{ROOT}/src/app/call.py", line 3, in call
    helper()
  File "{ROOT}/env/lib/site-packages/helper.py", line 9, in helper
    raise ValueError
ValueError
"""


class LocationsTest(unittest.TestCase):
    def test_the_project_and_not_what_is_installed(self) -> None:
        self.assertEqual([Location("src/app/tests.py", 7), Location("src/app/call.py", 3)], locations(TRACEBACK, ROOT))
        self.assertEqual([], locations(TRACEBACK, "/elsewhere"))

    def test_a_directory_that_begins_alike(self) -> None:
        self.assertEqual([], locations(TRACEBACK, ROOT[:-1]))

    def test_groups_of_exceptions(self) -> None:
        text = f'  + Exception Group Traceback (most recent call last):\n  |   File "{ROOT}/x.py", line 1, in f\n'

        self.assertEqual([Location("x.py", 1)], locations(text, ROOT))

    def test_the_innermost_and_the_first(self) -> None:
        self.assertEqual("src/app/call.py:3", location(TRACEBACK, [ROOT]))
        self.assertEqual("src/app/tests.py:7", location(TRACEBACK, [ROOT], first=True))

    def test_what_is_not_below_the_first_root_has_its_whole_path(self) -> None:
        self.assertEqual(f"{ROOT}/src/app/call.py:3", location(TRACEBACK, ["/elsewhere", ROOT]))
        self.assertEqual("", location(TRACEBACK, ["/elsewhere"]))

    def test_links_are_followed(self) -> None:
        with TemporaryDirectory() as folder:
            real = Path(folder, "real").resolve()
            real.mkdir()
            link = Path(folder, "link")
            link.symlink_to(real)

            self.assertEqual([Location("t.py", 2)], locations(f'File "{link}/t.py", line 2, in f\n', str(real)))
