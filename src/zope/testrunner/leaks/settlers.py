"""What packages do to empty their caches before a reading: ours for well-known ones, and those that packages announce.

A bounded log or cache grows with every run until it is full, which may take longer than anybody looks.  Emptied before
each reading, it reads as what it is.  Nothing is imported for that unless the tests have loaded the package it is about.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Final

from zope.testrunner.leaks.entry_points import announced, may_be_announced

#: Where packages announce theirs: each entry point names a callable without arguments.
ENTRY_POINTS: Final = "zope.testrunner.settlers"

#: Public functions that empty caches of other packages, as (module, path of attributes).  Of each it was seen that clean
#: tests read growth in twelve runs without it, and none with it: lxml 6.1.3 (a log of errors), Jinja 3.1.6
#: (lexers), jmespath 1.1.0, soupsieve 4.1.3.  Left out is what would change what tests see, such as which
#: object stands for a time zone.
_KNOWN: Final = (
    ("lxml.etree", "clear_error_log"),
    ("jinja2", "clear_caches"),
    ("jmespath.parser", "Parser.purge"),
    ("soupsieve", "purge"),
)

_FUNCTIONS: Final = (FunctionType, BuiltinFunctionType, MethodType)
#: Functions that Cython compiles are of a type that each module has for itself.
_COMPILED: Final = "cython_function_or_method"

_namespace_of: Final = vars(ModuleType)["__dict__"].__get__


class _Announced:
    """An entry point: what it says, and the module that it names."""

    __slots__ = ("load", "module", "text")

    def __init__(self, text: str, module: str, load: Callable[[], Callable[[], object]]) -> None:
        self.text = text
        self.module = module
        self.load = load


class Settlers:
    """All settlers of this process.

    One that raises, or cannot be loaded, is left out from then on; `news` has a sentence about it, once.
    """

    def __init__(self) -> None:
        self._known = list(_KNOWN)
        # Not yet looked for, which takes a look at all installed packages.
        self._announced: list[_Announced] | None = None
        self._loaded: list[tuple[_Announced, Callable[[], object]]] = []
        self._news: list[str] = []

    def call(self) -> None:
        """Call all whose package is loaded."""
        modules = sys.modules
        for row in self._known:
            if row[0] in modules:
                self._call_known(row, modules[row[0]])
        if self._announced is None:
            self._announced = self._find()
        for each in self._announced:
            if _is_loaded(each.module, modules):
                self._load(each)
        for each, settler in self._loaded:
            try:
                settler()
            except Exception as error:
                self._loaded = [row for row in self._loaded if row[0] is not each]
                self._leave_out(each.text, "failed, and is not called again", error)

    def news(self) -> tuple[str, ...]:
        """A sentence, in one line, about each settler that was left out since this was last asked."""
        if not self._news:
            return ()
        news = tuple(self._news)
        self._news.clear()
        return news

    def _call_known(self, row: tuple[str, str], module: object) -> None:
        found: object = module
        for name in row[1].split("."):
            found = getattr(found, name, None)
        # A test may have left a double in its place: what is not the original is none of our business.
        if callable(found) and (isinstance(found, _FUNCTIONS) or type(found).__name__ == _COMPILED):
            try:
                found()
            except Exception as error:
                self._known = [each for each in self._known if each is not row]
                self._leave_out(f"{row[0]}:{row[1]}", "failed, and is not called again", error)

    def _find(self) -> list[_Announced]:
        if not may_be_announced(ENTRY_POINTS):
            return []
        found: dict[str, _Announced] = {}
        points, problems = announced(ENTRY_POINTS)
        for problem in problems:
            self._tell(f"Settlers are left out. {problem}")
        for point in points:
            text = f"{point.name} = {point.value}"
            try:
                found.setdefault(point.value, _Announced(text, point.module, point.load))
            except Exception:
                self._leave_out(text, "is left out: an entry point names a function as package.module:function")
        return list(found.values())

    def _load(self, each: _Announced) -> None:
        self._announced = [other for other in self._announced or () if other is not each]
        try:
            settler = each.load()
        except Exception as error:
            self._leave_out(each.text, "cannot be loaded", error)
            return
        if callable(settler):
            self._loaded = [*self._loaded, (each, settler)]
        else:
            self._leave_out(each.text, f"is left out: {type(settler).__name__} objects cannot be called")

    def _leave_out(self, text: str, what: str, error: Exception | None = None) -> None:
        reason = "" if error is None else f": {_in_words(error)}"
        self._tell(f"Settler {text} {what}{reason}")

    def _tell(self, sentence: str) -> None:
        self._news.append("".join(char if char.isprintable() else repr(char)[1:-1] for char in sentence))


def _in_words(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def _is_loaded(module: str, modules: Mapping[str, object]) -> bool:
    """Whether the package of a module is loaded: the first one on the way to it that is not just a common name space."""
    lazy = getattr(modules.get("importlib.util"), "_LazyModule", None)
    end = module.find(".")
    while True:
        found = modules.get(module if end < 0 else module[:end])
        # To look into one that is yet to be loaded would load it.
        if not isinstance(found, ModuleType) or type(found) is lazy:
            return False
        if end < 0 or _namespace_of(found).get("__file__") is not None:
            return True
        end = module.find(".", end + 1)


_settlers: Final = Settlers()
#: Those of this process.
call: Final = _settlers.call
news: Final = _settlers.news
