"""What machine-readable reports call a test: `names_of`.

A report is divided into suites, and in a suite a test has a name and a class.  For most tests these are the parts of its
id; documents and other things that are no classes need rules of their own.  Nothing here imports what a test is made of:
who has no doctests does not load `doctest` for their names.
"""

from __future__ import annotations

import os
import re
import sys
from typing import NamedTuple


class Names(NamedTuple):
    """The suite that a test belongs to, and how it is called in there."""

    suite: str
    classname: str
    name: str


#: How fixtures of classes and modules are labelled, here as in unittest.
_FIXTURE = re.compile(r"(setUp|tearDown)(Class|Module) \((?P<owner>.+)\)")


def names_of(test: object, id: str, directory: str | None = None) -> Names:
    """The names of a live test; ``id`` is what it is called otherwise.

    Documents are named as seen from an absolute ``directory``, by default the current one.

    - A document run by doctest or manuel is in suite ``doctest-`` (``manuel-``) and its path joined by dashes, as far as
      `document_parts` says; its class is the directories joined by dots, its name that of the file.
    - A doctest of an object is in the suite of what contains the object.
    - Any other test is in the suite of its class; its name is what its id has after that, or the whole id.
    """
    kind = type(test)
    if _is(test, "doctest", "DocFileCase"):
        parsed = getattr(test, "_dt_test")  # noqa: B009 - what doctest's own id() looks at
        return _document("doctest", str(parsed.filename or parsed.name), str(parsed.name), directory)
    if _is(test, "manuel.testing", "TestCase"):
        location = getattr(getattr(test, "regions", None), "location", None)
        if isinstance(location, str):
            return _document("manuel", location, os.path.basename(location), directory)
    elif not _is(test, "doctest", "DocTestCase"):
        if _fixture(id):
            return names_from(id)
        owner = f"{kind.__module__}.{kind.__qualname__}"
        return Names(owner, owner, id.removeprefix(f"{owner}."))
    return names_from(id)


def names_from(id: str) -> Names:
    """The names of a test of which only the id is known."""
    if fixture := _fixture(id):
        return Names(fixture["owner"], fixture["owner"], id.partition(" ")[0])
    owner, _, name = id.rpartition(".")
    return Names(owner or id, owner or id, name or id)


def document_parts(path: str, directory: str) -> tuple[str, ...]:
    """The parts of a document's path that name it: some directories, and the file.

    Both arguments are absolute paths.  Going up from the document, directories count up to the last one that ``directory``
    has in common with it, included, and none from one on whose name has a dot: it is a folder of a distribution.
    """
    here, there = directory.split(os.sep), path.split(os.sep)
    common = min(len(here), len(there))
    last = next((number for number in range(common) if here[number] != there[number]), common - 1)
    found = [there[-1]]
    for part in reversed(there[last:-1]):
        if "." in part or not part:
            break
        found.insert(0, part)
    return tuple(found)


def _document(prefix: str, path: str, name: str, directory: str | None) -> Names:
    here = directory or os.getcwd()
    *directories, file = document_parts(os.path.normpath(os.path.join(here, path)), here)
    return Names("-".join([prefix, *directories, file]), ".".join(directories), name)


def _fixture(id: str) -> re.Match[str] | None:
    return _FIXTURE.fullmatch(id) if id.endswith(")") else None


def _is(test: object, module: str, name: str) -> bool:
    """Whether the test is an instance of a class in a module, which is certainly not so if that was never imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(test, kind)


def test_id(test: object) -> str:
    """The id of a test; its text if it has none."""
    method = getattr(test, "id", None)
    return str(method()) if callable(method) else str(test)
