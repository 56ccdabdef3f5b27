"""Reports on problems in colour, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol


class Painter(Protocol):
    """Knows the colours of roles."""

    def color(self, role: str, /) -> str:
        """The code that starts the colour of a role."""

    def colorize(self, role: str, text: str, /) -> str:
        """The text between the code of a role and the code of normal text."""


_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+), in (?P<name>.*)$')
_EXAMPLE = re.compile(r'File "(?P<file>.*)", line (?P<line>\d*), in (?P<name>.*)$')

# What the headings of a doctest report say about the indented lines below them.
_SECTIONS = (
    ("Failed example", "failed-example"),
    ("Expected:", "expected-output"),
    ("Got:", "actual-output"),
    ("Exception raised:", "exception"),
)


def painted_traceback(text: str, painter: Painter) -> Iterator[str]:
    """The lines of a traceback in colour."""
    for line in text.splitlines():
        if line.startswith("  File"):
            found = _FRAME.match(line)
            yield line if found is None else _painted_location("  ", found, painter)
        elif line.startswith("    "):
            yield painter.colorize("failed-example", line)
        elif line.startswith("Traceback (most recent call last)"):
            yield line
        else:
            yield painter.colorize("exception", line)


def painted_doctest(text: str, painter: Painter, diff_roles: Mapping[str, str]) -> Iterator[str]:
    """The lines of a doctest's report in colour; ``diff_roles`` says which marks of a diff have which role."""
    section, in_diff = "normal", False
    for line in text.splitlines():
        if not line.strip():
            yield line
        elif line.startswith("    "):
            yield painter.colorize(diff_roles.get(line[4:5], "normal") if in_diff else section, line)
        else:
            section = next((role for heading, role in _SECTIONS if line.startswith(heading)), "normal")
            in_diff = line.startswith("Differences ")
            found = _EXAMPLE.match(line)
            yield line if found is None else _painted_location("", found, painter)


def _painted_location(indent: str, found: re.Match[str], painter: Painter) -> str:
    file, number, name = (
        painter.colorize(role, found[group])
        for role, group in (("filename", "file"), ("lineno", "line"), ("testname", "name"))
    )
    return f'{painter.color("normal")}{indent}File "{file}", line {number}, in {name}'
