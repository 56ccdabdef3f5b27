"""Settlers: which are called and when, what becomes of those that fail, and that ours do what they are for."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import pathlib
import sys
import tempfile
import types
import unittest
from collections.abc import Callable, Iterator, Mapping
from unittest import mock

from zope.testrunner.leaks import Hunter
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.settlers import Settlers

numbers = itertools.count()


@contextlib.contextmanager
def installed(entry_points: str, files: Mapping[str, str]) -> Iterator[None]:
    """A distribution with these entry points and these files, by name."""
    title = f"other{next(numbers)}"
    loaded = set(sys.modules)
    with tempfile.TemporaryDirectory() as place, mock.patch.object(sys, "path", [place, *sys.path]):
        for name, text in files.items():
            file = pathlib.Path(place, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        about = pathlib.Path(place, f"{title}-1.0.dist-info")
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {title}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[zope.testrunner.settlers]\n{entry_points}\n")
        importlib.invalidate_caches()
        try:
            yield
        finally:
            for name in set(sys.modules) - loaded:
                del sys.modules[name]


COUNTING = """
calls = []

def empty():
    calls.append(1)
"""


class TestAnnounced(unittest.TestCase):
    """Settlers of other packages."""

    def test_one_is_called_each_time_once_its_package_is_loaded(self) -> None:
        with installed("acme = acme_cache:empty", {"acme_cache.py": COUNTING}):
            settlers = Settlers()
            settlers.call()
            self.assertFalse("acme_cache" in sys.modules)

            module = importlib.import_module("acme_cache")
            settlers.call()
            settlers.call()

            self.assertEqual([1, 1], module.calls)
            self.assertEqual((), settlers.news())

    def test_it_may_be_in_a_module_of_its_own_in_a_package_that_is_loaded(self) -> None:
        files = {"acme_pkg/__init__.py": "", "acme_pkg/deep/settling.py": COUNTING}
        with installed("acme = acme_pkg.deep.settling:empty", files):
            settlers = Settlers()
            settlers.call()
            self.assertFalse("acme_pkg" in sys.modules)

            importlib.import_module("acme_pkg")
            settlers.call()

            self.assertEqual([1], sys.modules["acme_pkg.deep.settling"].calls)

    def test_a_name_space_is_no_package(self) -> None:
        files = {"one/__init__.py": "", "one/settling.py": COUNTING, "two/__init__.py": ""}
        files = {f"acme_space/{name}": text for name, text in files.items()}
        with installed("one = acme_space.one.settling:empty", files):
            settlers = Settlers()
            importlib.import_module("acme_space.two")
            settlers.call()
            self.assertFalse("acme_space.one" in sys.modules)

            importlib.import_module("acme_space.one")
            settlers.call()

            self.assertTrue("acme_space.one.settling" in sys.modules)

    def test_a_module_that_is_yet_to_be_loaded_is_not_loaded(self) -> None:
        with installed("acme = acme_lazy:empty", {"acme_lazy.py": COUNTING}):
            spec = importlib.util.find_spec("acme_lazy")
            assert spec is not None and spec.loader is not None
            loader = importlib.util.LazyLoader(spec.loader)
            spec.loader = loader
            sys.modules["acme_lazy"] = module = importlib.util.module_from_spec(spec)
            loader.exec_module(module)

            Settlers().call()

            self.assertIsNot(types.ModuleType, type(module))

    def test_one_that_raises_is_named_once_and_left_out(self) -> None:
        text = COUNTING + "    raise OSError('no\\ncache')\n"
        with installed("acme = acme_cache:empty\ngood = acme_cache:calls.clear", {"acme_cache.py": text}):
            module = importlib.import_module("acme_cache")
            settlers = Settlers()
            settlers.call()
            self.assertEqual([], module.calls, "the other one was not called")
            settlers.call()

            self.assertEqual(
                ("Settler acme = acme_cache:empty failed, and is not called again: OSError: no\\ncache",), settlers.news()
            )
            self.assertEqual((), settlers.news())

    def test_bad_entry_points_are_a_line_each(self) -> None:
        points = {
            "gone = acme_cache:missing": "cannot be loaded: AttributeError: module 'acme_cache' has no attribute 'missing'",
            "number = acme_cache:number": "is left out: int objects cannot be called",
            "module = acme_cache": "is left out: module objects cannot be called",
        }
        for point, words in points.items():
            with self.subTest(point), installed(point, {"acme_cache.py": "number = 17"}):
                importlib.import_module("acme_cache")
                settlers = Settlers()
                settlers.call()
                settlers.call()

                self.assertEqual((f"Settler {point} {words}",), settlers.news())

    def test_one_that_is_malformed_is_a_line(self) -> None:
        with installed("broken = acme_cache:\ngood = acme_cache:empty", {"acme_cache.py": COUNTING}):
            module = importlib.import_module("acme_cache")
            settlers = Settlers()
            settlers.call()
            settlers.call()
            (line,) = settlers.news()

        # Since Python 3.15, importlib.metadata gives none of a package that has one like this.
        unreadable = r"Settlers are left out\. The entry point broken = acme_cache: of other\d+ cannot be read: "
        self.assertRegex(line, f"^(Settler broken = acme_cache: is left out|{unreadable})")
        self.assertEqual([1, 1], module.calls)

    def test_one_that_is_malformed_does_no_harm_to_those_of_other_packages(self) -> None:
        with installed("broken = acme_cache:", {}), installed("good = acme_cache:empty", {"acme_cache.py": COUNTING}):
            module = importlib.import_module("acme_cache")
            settlers = Settlers()
            settlers.call()

            self.assertEqual([1], module.calls)
            self.assertEqual(1, len(settlers.news()))


class TestKnown(unittest.TestCase):
    """Settlers that are shipped."""

    def test_they_import_nothing(self) -> None:
        settlers = Settlers()
        settlers.call()
        loaded = set(sys.modules)
        with mock.patch.dict(sys.modules):
            for name in ("lxml.etree", "jinja2", "jmespath.parser", "soupsieve"):
                sys.modules.pop(name, None)
            settlers.call()

            self.assertLessEqual(set(sys.modules), loaded)

    def test_a_double_of_a_test_is_not_called(self) -> None:
        double = mock.Mock()
        with mock.patch.dict(sys.modules, {"jinja2": double, "soupsieve": None}):  # type: ignore[dict-item]
            Settlers().call()

        self.assertEqual([], double.mock_calls)

    def test_one_that_fails_is_left_out(self) -> None:
        calls = []

        def purge() -> None:
            calls.append(1)
            raise ValueError("changed")

        module = types.ModuleType("soupsieve")
        module.purge = purge  # type: ignore[attr-defined]
        settlers = Settlers()
        with mock.patch.dict(sys.modules, {"soupsieve": module}):
            settlers.call()
            settlers.call()

        self.assertEqual([1], calls)
        self.assertEqual(
            ("Settler soupsieve:purge failed, and is not called again: ValueError: changed",), settlers.news()
        )


def _lxml() -> Callable[[], object]:
    from lxml import etree

    def work() -> None:
        with contextlib.suppress(etree.XMLSyntaxError):
            etree.fromstring("<a><b></a>")

    return work


def _jinja() -> Callable[[], object]:
    from jinja2 import Environment

    return lambda: Environment(block_start_string=f"<{next(numbers)}%").from_string("hello").render()


def _jmespath() -> Callable[[], object]:
    import jmespath

    return lambda: jmespath.search(f"a{next(numbers)}.b", {})


def _soupsieve() -> Callable[[], object]:
    import soupsieve
    from bs4 import BeautifulSoup

    return lambda: soupsieve.select(f"p.c{next(numbers)}", BeautifulSoup("<p class=a>x</p>", "html.parser"))


class TestWithTheRealPackages(unittest.TestCase):
    """Clean work that fills a cache of the package with each run."""

    def check(self, make: Callable[[], Callable[[], object]]) -> None:
        try:
            work = make()
        except ImportError as error:
            self.skipTest(f"{error}")
        work()
        with Hunter() as hunter:
            self.assertIs(Growth.STABLE, hunter.hunt(work).growth)

        with mock.patch("zope.testrunner.leaks.settlers.call", lambda: None), Hunter(explain=False) as hunter:
            self.assertTrue(hunter.hunt(work).is_leak, "the settler is not needed any more")

    def test_lxml_and_its_log_of_errors(self) -> None:
        self.check(_lxml)

    def test_jinja_and_its_lexers(self) -> None:
        self.check(_jinja)

    def test_jmespath_and_its_parsed_expressions(self) -> None:
        self.check(_jmespath)

    def test_soupsieve_and_its_patterns(self) -> None:
        self.check(_soupsieve)
