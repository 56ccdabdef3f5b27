"""Where in the files of a project a problem is, as far as the report on it tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from zope.testrunner.system.originals import os
from zope.testrunner.system.value_class import Record

#: Where a traceback, or the report of a doctest, names a line of a file.
_LOCATION: Final = re.compile(r'^[ |]*File "(?P<file>[^"<\n]+)", line (?P<line>[1-9]\d*)', re.MULTILINE)


class Location(Record):
    """A line of a file; the path is relative to the directory that was asked about, with slashes."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def locations(report: str, root: str) -> list[Location]:
    """The lines of files below ``root``, a real path, that a report names, in its order; installed packages are left out."""
    found = []
    for match in _LOCATION.finditer(report):
        path = os.path.realpath(os.path.join(root, match["file"]))
        if path.startswith(root.rstrip(os.sep) + os.sep) and "site-packages" not in path:
            found.append(Location(os.path.relpath(path, root).replace(os.sep, "/"), int(match["line"])))
    return found


def location(report: str, roots: Sequence[str], *, first: bool = False) -> str:
    """``path:line`` of the innermost line below the first of these real paths that has any, or "" if none has.

    With ``first``, as for documents, of which each example reports for itself, it is the first such line.
    """
    for number, root in enumerate(roots):
        found = locations(report, root)
        if found:
            chosen = found[0 if first else -1]
            # Only what is below the first of them, the current directory, is named as seen from there.
            return str(chosen) if number == 0 else f"{os.path.join(root, chosen.path)}:{chosen.line}"
    return ""
