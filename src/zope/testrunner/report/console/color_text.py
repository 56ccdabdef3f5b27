"""The same text in colour: `ColorfulOutputFormatter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zope.testrunner.report.console.color_traceback import painted_doctest, painted_traceback
from zope.testrunner.report.console.text import OutputFormatter

if TYPE_CHECKING:
    from zope.testrunner.report.formatter_protocol import Settings


class ColorfulOutputFormatter(OutputFormatter):
    """Text on a terminal with the eight ANSI colours, some of them also bright.

    ``colorscheme`` says which role has which colour; a colour is a name of ``colorcodes``, perhaps after one of ``prefixes``
    (``brightred``).
    """

    before_skips: ClassVar[str] = ", "

    #: Tests that take at least this many seconds are marked, unless options say otherwise.
    slow_test_threshold: float = 10.0

    colorscheme: ClassVar[dict[str, str]] = {
        "normal": "normal",
        "default": "default",
        "info": "normal",
        "suboptimal-behaviour": "magenta",
        "error": "brightred",
        "number": "green",
        "slow-test": "brightmagenta",
        "ok-number": "green",
        "error-number": "brightred",
        "filename": "lightblue",
        "lineno": "lightred",
        "testname": "lightcyan",
        "failed-example": "cyan",
        "expected-output": "green",
        "actual-output": "red",
        "character-diffs": "magenta",
        "diff-chunk": "magenta",
        "exception": "red",
        "skipped": "brightyellow",
    }

    #: The numbers of ISO 6429 ("Select Graphic Rendition") for the colour of text.
    colorcodes: ClassVar[dict[str, int]] = {
        "default": 0,
        "normal": 0,
        "black": 30,
        "red": 31,
        "green": 32,
        "brown": 33,
        "yellow": 33,
        "blue": 34,
        "magenta": 35,
        "cyan": 36,
        "grey": 37,
        "gray": 37,
        "white": 37,
    }

    prefixes: ClassVar[list[tuple[str, str]]] = [
        ("dark", "0;"),
        ("light", "1;"),
        ("bright", "1;"),
        ("bold", "1;"),
    ]

    #: The roles of the lines of a diff, by their first character.
    diff_color: ClassVar[dict[str, str]] = {
        "-": "expected-output",
        "+": "actual-output",
        "?": "character-diffs",
        "@": "diff-chunk",
        "*": "diff-chunk",
        "!": "actual-output",
    }

    def __init__(self, options: Settings | None) -> None:
        super().__init__(options)
        threshold = getattr(options, "slow_test_threshold", None)
        if threshold is not None:
            self.slow_test_threshold = threshold

    def color_code(self, color: str) -> str:
        """The control sequence that switches to a colour; raises `KeyError` for an unknown one."""
        prefix = ""
        for name, code in self.prefixes:
            if color.startswith(name):
                prefix, color = code, color[len(name) :]
                break
        return f"\033[{prefix}{self.colorcodes[color]}m"

    def color(self, what: str) -> str:
        """The control sequence for a role; raises `KeyError` for an unknown one."""
        return self.color_code(self.colorscheme[what])

    def colorize(self, what: str, message: str, normal: str = "normal") -> str:
        """The message in the colour of the role ``what``; the role ``normal`` has the colour of what follows."""
        return f"{self.color(what)}{message}{self.color(normal)}"

    def error_count_color(self, n: int) -> str:
        """The control sequence for a number of problems."""
        return self.color("error-number" if n else "ok-number")

    def skip_count_color(self, n: int) -> str:
        """The control sequence for a number of skipped tests."""
        return self.color("skipped" if n else "ok-number")

    def format_seconds_short(self, n_seconds: float) -> str:
        """The time of one test: ``0.123 s``, with slow ones standing out."""
        role = "slow-test" if n_seconds >= self.slow_test_threshold else "number"
        return self.colorize(role, super().format_seconds_short(n_seconds))

    def print_doctest_failure(self, formatted_failure: str) -> None:
        """Write the report of a doctest."""
        lines = painted_doctest(formatted_failure, self, self.diff_color)
        self._write("".join(f"{line}\n" for line in lines) + "\n")

    def print_colorized_traceback(self, formatted_traceback: str) -> None:
        """Write a traceback."""
        lines = painted_traceback(formatted_traceback, self)
        self._write("".join(f"{line}\n" for line in lines) + "\n")

    def _painted(self, role: str, text: str) -> str:
        return self.colorize(role, text)

    def _write_report(self, text: str, is_doctest: bool) -> None:
        if is_doctest:
            self.print_doctest_failure(text)
        else:
            self.print_colorized_traceback(text)
