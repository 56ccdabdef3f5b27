from __future__ import annotations

import unittest

from zope.testrunner.report.console.color_traceback import painted_doctest, painted_traceback

DIFF = {"-": "minus", "+": "plus"}


class Pencil:
    """Shows roles by their names."""

    def color(self, role: str) -> str:
        return f"{role}:"

    def colorize(self, role: str, text: str) -> str:
        return f"<{role} {text}>"


class TracebackTest(unittest.TestCase):
    """Each line of a traceback has the colour of what it is."""

    def check(self, expected: str, line: str) -> None:
        self.assertEqual([expected], list(painted_traceback(line, Pencil())))

    def test_the_place(self) -> None:
        line = '  File "a b.py", line 12, in <module>'
        self.check('normal:  File "<filename a b.py>", line <lineno 12>, in <testname <module>>', line)

    def test_a_place_without_a_function_is_left_alone(self) -> None:
        self.check('  File "<string>", line 1', '  File "<string>", line 1')

    def test_source(self) -> None:
        self.check("<failed-example     f()>", "    f()")

    def test_the_heading_is_left_alone(self) -> None:
        self.check("Traceback (most recent call last):", "Traceback (most recent call last):")

    def test_anything_else_is_about_the_exception(self) -> None:
        for line in ("ValueError: why", "   - __traceback_info__: 3", "The above exception was the direct cause"):
            self.check(f"<exception {line}>", line)


class DoctestTest(unittest.TestCase):
    """The indented lines of a doctest's report have the colour of their heading."""

    def lines(self, text: str) -> list[str]:
        return list(painted_doctest(text, Pencil(), DIFF))

    def test_sections(self) -> None:
        sections = {
            "Failed example:": "failed-example",
            "Expected:": "expected-output",
            "Got:": "actual-output",
            "Exception raised:": "exception",
            "Expected nothing": "normal",
            "Something else": "normal",
        }
        for heading, role in sections.items():
            with self.subTest(heading):
                self.assertEqual([heading, f"<{role}     x>", f"<{role}       y>"], self.lines(f"{heading}\n    x\n      y"))

    def test_blank_lines_are_left_alone(self) -> None:
        self.assertEqual(["Got:", "", "    ", "<actual-output     x>"], self.lines("Got:\n\n    \n    x"))

    def test_diffs_go_by_their_marks(self) -> None:
        text = "Differences (ndiff):\n    - a\n    + b\n      c\nGot:\n    - d"

        expected = ["Differences (ndiff):", "<minus     - a>", "<plus     + b>", "<normal       c>", "Got:"]
        self.assertEqual([*expected, "<actual-output     - d>"], self.lines(text))

    def test_the_place(self) -> None:
        line = 'File "a.rst", line , in a.rst'

        self.assertEqual(['normal:File "<filename a.rst>", line <lineno >, in <testname a.rst>'], self.lines(line))
        self.assertEqual([f"  {line}"], self.lines(f"  {line}"))
