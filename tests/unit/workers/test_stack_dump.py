"""Dumps of ``faulthandler`` as people read them: `zope.testrunner.workers.stack_dump`."""

from __future__ import annotations

import os
import unittest

from zope.testrunner import execution
from zope.testrunner.workers.stack_dump import readable

OURS = os.path.join(os.path.dirname(execution.__file__), "result.py")
CASE = unittest.case.__file__

TEST = '  File "/project/tests.py", line 7 in test_a'
RUNNER = [
    f'  File "{CASE}", line 579 in _callTestMethod',
    f'  File "{CASE}", line 623 in run',
    f'  File "{OURS}", line 143 in run_test',
    f'  File "{OURS}", line 20 in run',
    '  File "/project/bin/test", line 8 in <module>',
]
HEAD = "Current thread 0x00007f7453bc6b80 (most recent call first):"
OTHER = ['Thread 0x00007f9c123ff6c0 [pool_1] (most recent call first):', '  File "/lib/threading.py", line 982 in run']
C_HEAD = "Current thread's C stack trace (most recent call first):"
C_FRAMES = [f'  Binary file "/usr/bin/python3", at f+0x{number} [0x1]' for number in range(30)]


class ReadableTest(unittest.TestCase):
    def test_frames_of_the_runner_are_counted(self) -> None:
        self.assertEqual([HEAD, TEST, "  ... and 5 frames of the runner"], readable([HEAD, TEST, *RUNNER], 40))

    def test_a_test_that_runs_tests(self) -> None:
        """Only what is below the outermost test is folded."""
        frames = [TEST, *RUNNER[:-1], TEST]

        self.assertEqual([HEAD, *frames, "  ... and 5 frames of the runner"], readable([HEAD, *frames, *RUNNER], 40))

    def test_the_runner_itself_is_shown_whole(self) -> None:
        self.assertEqual([HEAD, *RUNNER[2:]], readable([HEAD, *RUNNER[2:]], 40))

    def test_the_thread_of_the_test_comes_first(self) -> None:
        self.assertEqual(
            ["Timeout", "", HEAD, TEST, "  ... and 5 frames of the runner", "", *OTHER],
            readable(["Timeout", "", *OTHER, "", HEAD, TEST, *RUNNER], 40),
        )

    def test_frames_of_c_come_after_those_of_python(self) -> None:
        lines = ["Fatal Python error: Segmentation fault", "", HEAD, TEST, *RUNNER, "", C_HEAD, *C_FRAMES, "",
                 "Extension modules: a.b (total: 1)"]

        self.assertEqual(
            ["Fatal Python error: Segmentation fault", "", HEAD, TEST, "  ... and 5 frames of the runner", "",
             C_HEAD, *C_FRAMES[:8], "  ... and 22 more"],
            readable(lines, 40),
        )

    def test_the_line_of_the_test_is_there_however_much_there_is(self) -> None:
        lines = [*(f"said {n}" for n in range(100)), HEAD, TEST, *RUNNER, "", C_HEAD, *C_FRAMES]
        for most in (14, 20, 40):
            shown = readable(lines, most)

            self.assertIn(TEST, shown)
            self.assertLessEqual(len(shown), most)

    def test_a_stack_that_is_longer_than_what_is_shown(self) -> None:
        frames = [f'  File "/project/x.py", line {number} in again' for number in range(100)]

        self.assertEqual([HEAD, *frames[:8], "..."], readable([HEAD, *frames], 10))

    def test_what_is_said_before_is_cut_from_its_beginning(self) -> None:
        lines = [*(f"said {number}" for number in range(10)), HEAD, TEST]

        self.assertEqual(["...", "said 8", "said 9", HEAD, TEST], readable(lines, 5))

    def test_no_dump(self) -> None:
        self.assertEqual(["a", "b"], readable(["a", "b"], 2))
        self.assertEqual(["...", "c"], readable(["a", "b", "c"], 2))
        self.assertEqual([], readable([], 2))

    def test_what_is_said_after_a_dump_is_kept(self) -> None:
        self.assertEqual([HEAD, TEST, "disk on fire"], readable([HEAD, TEST, "", "disk on fire"], 40))
