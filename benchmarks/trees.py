"""Synthetic projects to run: what is in them is data, :func:`write` puts one on disk.

A suite is made of packages, each with a ``tests`` package of ``test_*.py`` modules. That layout is found by
unittest's discovery, by pytest and by the default patterns of zope.testrunner alike, so no runner gets an
option that the others do not have. This module knows nothing of runners or measuring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Tree(Protocol):
    """A project that can be written into a folder."""

    @property
    def name(self) -> str:
        """The folder's name; two trees with one name must be equal."""

    @property
    def tests(self) -> int:
        """How many tests a runner must find in it."""

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file as (path below the folder with ``/``, text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTestTree:
    """Packages of :class:`unittest.TestCase` classes whose methods all have the same body.

    The counts are per parent: *modules* test modules in each of *packages* packages, *classes* classes in
    each module, *methods* methods in each class. Each package keeps *heap* lists alive.
    """

    name: str
    packages: int = 1
    modules: int = 1
    classes: int = 1
    methods: int = 1
    body: str = "pass"
    heap: int = 0

    @property
    def tests(self) -> int:
        """How many tests a runner must find in it."""
        return self.packages * self.modules * self.classes * self.methods

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file as (path below the folder with ``/``, text)."""
        # An ini file of its own keeps pytest from adopting the settings of a project further up (--keep).
        yield "pytest.ini", "[pytest]\n"
        module = self._module()
        for package in range(self.packages):
            folder = f"package{package:04}"
            yield f"{folder}/__init__.py", f'"""Package {package} of {self.packages}."""\n'
            yield f"{folder}/tests/__init__.py", f"KEPT = [[] for _ in range({self.heap})]\n" if self.heap else ""
            for number in range(self.modules):
                yield f"{folder}/tests/test_module{number:04}.py", module

    def _module(self) -> str:
        lines = ["import unittest", ""]
        for number in range(self.classes):
            lines += ["", f"class Test{number:04}(unittest.TestCase):", ""]
            for method in range(self.methods):
                lines += [f"    def test_{method:04}(self):", f"        {self.body}", ""]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTree:
    """*layers* layers of *methods* tests each, in a module each, which all import something that takes *imports* to run.

    *body* is that of every test. What is imported also imports *modules* modules of two dozen functions each.
    """

    name: str
    layers: int
    methods: int
    body: str
    imports: str
    modules: int = 0

    @property
    def tests(self) -> int:
        """How many tests a runner must find in it."""
        return self.layers * self.methods

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file as (path below the folder with ``/``, text)."""
        yield "pytest.ini", "[pytest]\n"
        yield "package0000/__init__.py", f'"""{self.layers} layers."""\n'
        parts = [f"import package0000.parts.part{number:04}\n" for number in range(self.modules)]
        yield "package0000/heavy.py", "".join([f"{self.imports}\n", *parts])
        yield "package0000/parts/__init__.py", ""
        for number in range(self.modules):
            yield f"package0000/parts/part{number:04}.py", _PART
        yield "package0000/tests/__init__.py", ""
        for number in range(self.layers):
            yield f"package0000/tests/test_module{number:04}.py", self._module(number)

    def _module(self, number: int) -> str:
        lines = [
            "import time",
            "import unittest",
            "",
            "from package0000 import heavy",
            "",
            "",
            f"class Layer{number:04}:",
            '    """A layer with nothing to set up."""',
            "",
            "",
            f"class Test{number:04}(unittest.TestCase):",
            f"    layer = Layer{number:04}",
            "",
        ]
        for method in range(self.methods):
            lines += [f"    def test_{method:04}(self):", f"        {self.body}", ""]
        return "\n".join(lines)


#: A module like many.
_PART = "".join(
    f"class Part{number}:\n"
    + "".join(f"    def part_{each}(self, first, second=None):\n        return [first, second]\n" for each in range(6))
    for number in range(4)
)


def write(tree: Tree, folder: Path) -> None:
    """Write the files of *tree* into *folder*, which must not exist yet."""
    folder.mkdir(parents=True)
    for name, text in tree.files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


#: One module, one class: what is measured is how long a runner takes to get going.
FOUR = UnitTestTree(name="four", methods=4)

#: Three sizes of the same shape, so that what is measured is the price of a test.
EMPTY_1_000 = UnitTestTree(name="empty-1000", classes=10, methods=100)
EMPTY_20_000 = UnitTestTree(name="empty-20000", packages=4, modules=5, classes=10, methods=100)
EMPTY_100_000 = UnitTestTree(name="empty-100000", packages=20, modules=5, classes=10, methods=100)

#: Many directories and small modules: what is measured is the walk, the imports and the sorting.
PACKAGES_400 = UnitTestTree(name="packages-400", packages=400, methods=5)

#: 200 MB in all for a runner that keeps its finished tests, next to nothing for one that does not.
RETAINING = UnitTestTree(
    name="retaining", modules=4, classes=5, methods=100, body="self.data = bytearray(100_000)"
)
NOT_RETAINING = UnitTestTree(name="not-retaining", modules=4, classes=5, methods=100)

#: Tests of a millisecond that make and drop objects, as those of small suites do.
WORKING = UnitTestTree(
    name="working", modules=2, classes=5, methods=200, body="[list(range(100)) for _ in range(1000)]"
)
#: Tests of two thirds of a millisecond that keep something on themselves.
KEEPING = UnitTestTree(
    name="keeping", modules=2, classes=5, methods=200, body="self.kept = [list(range(100)) for _ in range(900)]"
)
#: Tests of about a millisecond of work with texts, for pytest as well.
JSON_500 = UnitTestTree(
    name="json-500",
    classes=5,
    methods=100,
    body='j = __import__("json"); j.loads(j.dumps([{"name": str(n), "values": [n] * 20} for n in range(150)]))',
)
#: Few of them, for a hunt that takes a second for each.
CLEAN_200 = UnitTestTree(name="clean-200", classes=4, methods=50, body="[list(range(100)) for _ in range(100)]")
#: A heap like that of a large application: what is measured is what grows with it.
LARGE_HEAP = UnitTestTree(
    name="large-heap", modules=2, classes=5, methods=200, body="sum(range(100))", heap=500_000
)
#: Tests of a millisecond, of which one in a hundred leaks a list.
LEAKING = UnitTestTree(
    name="leaking",
    modules=2,
    classes=5,
    methods=200,
    body="[list(range(100)) for _ in range(1000)]; "
    'self.id().endswith("07") and unittest.__dict__.setdefault("KEPT", []).append([])',
)
#: Twenty tests that all leak on a heap like that of a large application.
LEAKING_ON_A_LARGE_HEAP = UnitTestTree(
    name="leaking-on-a-large-heap",
    classes=2,
    methods=10,
    body="unittest.__dict__.setdefault(self.id(), []).append([])",
    heap=500_000,
)
#: The large heap with tests of a millisecond and a half, which makes a layer of three seconds.
LARGE_HEAP_WORKING = UnitTestTree(
    name="large-heap-working", modules=2, classes=5, methods=200, body="sum(range(110_000))", heap=500_000
)

#: Twelve layers of 75 ms of waiting, in a project that imports what an application imports, which takes three times as long:
#: a process that starts anew for each layer has more to import than to test.
LAYERS_12 = LayerTree(
    name="layers-12",
    layers=12,
    methods=10,
    body="time.sleep(0.0075)",
    imports="import asyncio, concurrent.futures, ctypes, decimal, email.message, http.client, json, logging.config\n"
    "import multiprocessing.pool, sqlite3, ssl, tarfile, unittest.mock, urllib.request, xml.dom.minidom, xmlrpc.client\n"
    "VALUES = sorted(str(number) for number in range(300_000))",
    modules=900,
)
#: One layer that can be divided: 400 tests that wait 10 ms each.
WAITING_400 = UnitTestTree(name="waiting-400", classes=4, methods=100, body="__import__('time').sleep(0.01)")
