"""Whether any installed package may announce something: a look at files that is much quicker than ``importlib.metadata``.

To import that takes as long as to hunt in a hundred small tests, and few packages announce trackers.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

from zope.testrunner.originals import io, os

_ABOUT = (".dist-info", ".egg-info")
_FILE = "entry_points.txt"


def may_be_announced(group: str) -> bool:
    """False if no package that can be imported has entry points of this group; True also if that takes a closer look."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    return any(_may_announce(path, group.encode()) for path in sys.path)


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
