"""python-subunit and testtools, which write the streams (`library`); only a run with a stream imports them.

They are imported before any test is, and nobody else gets to see these copies of them:

- What tests replace in their modules, clocks for example, is not replaced here.
- Tests of these packages, and those that use them, import the ones that their own path leads to.
- testtools also imports ``fixtures`` if there is a module of that name.  Many a project has a folder of its own that is
  called so, which would be imported long before its tests are (testtools 2.9.1).  It does without here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from datetime import datetime
    from types import ModuleType
    from typing import BinaryIO


class Subject(Protocol):
    """What the client of version 1 wants to know of a test."""

    def id(self) -> str: ...


class Content(Protocol):
    """An attachment, as testtools has it."""


class LineWriter(Protocol):
    """``subunit.TestProtocolClient``, as far as it is used."""

    testsRun: int  # noqa: N815 - the name that unittest gave it

    def startTest(self, test: Subject) -> None: ...
    def stopTest(self, test: Subject) -> None: ...
    def addSuccess(self, test: Subject, details: Mapping[str, Content] | None = None) -> None: ...
    def addFailure(self, test: Subject, *, details: Mapping[str, Content]) -> None: ...
    def addError(self, test: Subject, *, details: Mapping[str, Content]) -> None: ...
    def addSkip(self, test: Subject, reason: str | None = None, details: Mapping[str, Content] | None = None) -> None: ...
    def tags(self, new_tags: Iterable[str], gone_tags: Iterable[str]) -> None: ...
    def time(self, a_datetime: datetime) -> None: ...


class PacketWriter(Protocol):
    """``subunit.v2.StreamResultToBytes``, as far as it is used."""

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        test_tags: Iterable[str] | None = None,
        runnable: bool = True,
        file_name: str | None = None,
        file_bytes: bytes | None = None,
        eof: bool = False,
        mime_type: str | None = None,
        route_code: str | None = None,
        timestamp: datetime | None = None,
    ) -> None: ...


class Library(Record):
    """What there is to write streams with; ``version`` is that of python-subunit."""

    lines: Callable[[BinaryIO], LineWriter]
    packets: Callable[[BinaryIO], PacketWriter]
    content: Callable[[object, Callable[[], Iterable[bytes]]], Content]
    content_type: Callable[[str, str, Mapping[str, str]], object]
    version: tuple[object, ...]


#: The packages that are kept from the tests, and that tests are kept from.
_PACKAGES = ("subunit", "testtools", "iso8601", "fixtures")

_imported: list[Library] = []


def library() -> Library:
    """The library.  Raises `UsageError` with the command that installs it if it is not there."""
    if not _imported:
        _imported.append(_import())
    return _imported[0]


def _import() -> Library:
    import warnings
    from importlib import import_module

    before = _taken_out()
    # An entry that is None makes an import fail.
    sys.modules["fixtures"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            # What its authors have to know is nothing to write into the output of a run.
            warnings.simplefilter("ignore")
            subunit = import_module("subunit")
            packets = import_module("subunit.v2")
            content = import_module("testtools.content")
            content_type = import_module("testtools.content_type")
    except ImportError:
        raise UsageError(
            "Subunit is not installed. Please install Subunit to generate subunit output:"
            " pip install 'zope.testrunner[subunit]'",
            status=1,
        ) from None
    finally:
        _taken_out()
        sys.modules.update(before)
    return Library(
        lines=subunit.TestProtocolClient,
        packets=packets.StreamResultToBytes,
        content=content.Content,
        content_type=content_type.ContentType,
        version=subunit.__version__,
    )


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in _PACKAGES]
    return {name: sys.modules.pop(name) for name in names}
