"""What installed packages announce, and whether any may: a look at files that is quicker than ``importlib.metadata``.

To import that takes as long as to hunt in a hundred small tests, and few packages announce trackers.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

from zope.testrunner.system.originals import io, os

_ABOUT = (".dist-info", ".egg-info")
_FILE = "entry_points.txt"


def may_be_announced(group: str) -> bool:
    """False if no package that can be imported has entry points of this group; True also if that takes a closer look."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    return any(_may_announce(path, group.encode()) for path in sys.path)


def announced(group: str) -> tuple[list[EntryPoint], list[str]]:
    """The entry points of this group, and a sentence for each package of which they cannot be read."""
    from importlib.metadata import distributions, entry_points

    try:
        return list(entry_points(group=group)), []
    except Exception:
        # From Python 3.15 on, a single one that is malformed is enough, whatever its group is.
        found: dict[tuple[str, str], EntryPoint] = {}
        problems: dict[str, None] = {}
        for each in distributions():
            points, malformed = _one_by_one(each, group)
            problems.update(dict.fromkeys(malformed))
            for point in points:
                found.setdefault((point.name, point.value), point)
        return list(found.values()), list(problems)


def _one_by_one(distribution: Distribution, group: str) -> tuple[list[EntryPoint], list[str]]:
    """The entry points of this group that a package has, but for malformed ones, and a sentence about each of these."""
    from importlib.metadata import EntryPoint

    try:
        return list(distribution.entry_points.select(group=group)), []
    except Exception as error:
        text = distribution.read_text(_FILE) or ""
        if group not in text:
            return [], []
        whole = f"The entry points of {distribution.name} cannot be read: {_in_words(error)}"
    from configparser import ConfigParser

    parser = ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # or names would be in lower case
    try:
        parser.read_string(text)
        rows = parser.items(group)
    except Exception:
        return [], [whole]
    points, problems = [], []
    for name, value in rows:
        try:
            points.append(EntryPoint(name, value, group))
        except Exception as error:
            problems.append(f"The entry point {name} = {value} of {distribution.name} cannot be read: {_in_words(error)}")
    return points, problems


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {', '.join(map(str, error.args))}"


def _may_announce(path: object, group: bytes) -> bool:
    """Whether a place where packages are installed may have one that does."""
    if not isinstance(path, str):
        return False
    try:
        names = os.listdir(path or ".")
    except NotADirectoryError:
        # An archive.
        return True
    except OSError:
        return False
    is_egg = path.lower().endswith(".egg")
    about = [name for name in names if name.lower().endswith(_ABOUT) or (is_egg and name.lower() == "egg-info")]
    return any(_names(os.path.join(path, name, _FILE), group) for name in about)


def _names(file: str, group: bytes) -> bool:
    try:
        with io.open(file, "rb") as stream:
            return group in stream.read()
    except FileNotFoundError:
        return False
    except OSError:
        # A package may be described by a single file, and have no entry points.
        return not os.path.isfile(os.path.dirname(file))
