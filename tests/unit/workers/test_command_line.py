"""The child's side of a child process."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import unittest

from support import environment
from zope.testrunner.core.model import LayerName
from zope.testrunner.exceptions import UsageError
from zope.testrunner.workers.command_line import (
    VARIABLE,
    FakeInputContinueGenerator,
    Resume,
    command_line,
    read_command_line,
    take_token,
)


class TestCommandLine(unittest.TestCase):
    """What a parent writes, a child reads."""

    def test_there_and_back(self) -> None:
        words = command_line(LayerName("m.L"), 3, ["-v", "--path", "src"], ["-N2", "--default"])

        self.assertEqual(["--resume-layer", "m.L", "3", "--default", "-v"], words[:5])
        self.assertEqual(
            Resume(LayerName("m.L"), 3, ["-v", "--path", "src"], ["test", "-N2", "--default"]),
            read_command_line(["test", *words]),
        )

    def test_other_command_lines_are_none_of_its_business(self) -> None:
        for words in ([], ["test"], ["test", "-v", "--resume-layer", "m.L", "0"]):
            with self.subTest(words):
                self.assertIsNone(read_command_line(words))

    def test_incomplete_ones_are_refused(self) -> None:
        for words in (["test", "--resume-layer"], ["test", "--resume-layer", "m.L"], ["test", "--resume-layer", "m.L", "x"]):
            with self.subTest(words), self.assertRaises(UsageError):
                read_command_line(words)

    def test_the_token_is_taken_out_of_the_environment(self) -> None:
        variables = {VARIABLE: "c0ffee", "HOME": "/"}

        self.assertEqual("c0ffee", take_token(variables))
        self.assertEqual({"HOME": "/"}, variables)
        self.assertIsNone(take_token(variables))


class TestFrameWriter(unittest.TestCase):
    """Events go out whatever tests do to standard output."""

    def test_in_order_with_what_is_printed_and_after_descriptor_1_is_closed(self) -> None:
        program = (
            "import os, sys\n"
            "from zope.testrunner.core.events import Importance, Notice\n"
            "from zope.testrunner.workers.command_line import FrameWriter\n"
            "writer = FrameWriter('c0ffee')\n"
            "send = writer.takes(Notice)\n"
            "sys.stdout.write('printed')\n"
            "send(Notice(0.0, 1, Importance.INFO, 'first'))\n"
            "os.close(1)\n"
            "send(Notice(0.0, 1, Importance.INFO, 'second'))\n"
            "os._exit(0)\n"
        )
        done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=True)

        lines = done.stdout.split(b"\n")
        self.assertTrue(lines[0].startswith(b'\x1ec0ffee{"version": '), lines)
        self.assertTrue(lines[1].startswith(b"printed\x1ec0ffee{"), lines)
        self.assertIn(b'"first"', lines[1])
        self.assertIn(b'"second"', lines[2])


class TestFakeInput(unittest.TestCase):
    """A debugger in a child is told to go on."""

    def test_it_says_why(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            source = FakeInputContinueGenerator()
            self.assertEqual("c\n", source.readline())
            source.close()

        stars = "*" * 70
        said = f"c\n\n{stars}\nCan't use pdb.set_trace when running a layer as a subprocess!\n{stars}\n\n"
        self.assertEqual(said, out.getvalue().replace(os.linesep, "\n"))
