"""Running the tests that a file lists by id, as programs ask for which run again what has failed."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import unittest
from collections.abc import Iterable, MutableSequence
from typing import TYPE_CHECKING

from zope.testrunner.core.config import from_start
from zope.testrunner.core.events import OutputPassed
from zope.testrunner.core.model import LayerPlan, Plan, Reason, Rejected, TestRef
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature

if TYPE_CHECKING:
    from zope.testrunner.core.run import Run

#: How reports name what is no test: the hooks of a layer, the process for it, the fixtures of a class or module.
_OF_LAYER = re.compile(r"(?:subprocess for )?(.+?)(?::(?:setUp|tearDown|leaks))?")
_OF_FIXTURE = re.compile(r"(?:setUpClass|tearDownClass|setUpModule|tearDownModule) \((.+)\)")

#: How many ids are named that belong to no test.
_SHOWN = 3


class Wanted:
    """The ids of a list, and which tests they mean.

    An id of a test means that test.  One of something else that reports name by an id, such as the set-up of a layer or of a
    class, means all tests that need it.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = dict.fromkeys(ids)
        self._layers: dict[str, str] = {}
        self._holders: dict[str, str] = {}
        for id in self._ids:  # noqa: A001 - what it is called
            fixture = _OF_FIXTURE.fullmatch(id)
            if fixture is not None:
                self._holders[fixture[1]] = id
            elif (layer := _OF_LAYER.fullmatch(id)) is not None:
                self._layers[layer[1]] = id
        self._used: set[str] = set()

    def accepts(self, ref: TestRef) -> bool:
        """Whether this test is wanted."""
        return any(found is not None and self._use(found) for found in self._names(ref))

    def _names(self, ref: TestRef) -> Iterable[str | None]:
        yield ref.id if ref.id in self._ids else None
        yield self._layers.get(ref.layer)
        if self._holders and ref.live is not None:
            kind = type(ref.live)
            yield self._holders.get(kind.__module__)
            yield self._holders.get(f"{kind.__module__}.{kind.__qualname__}")

    def _use(self, id: str) -> bool:
        self._used.add(id)
        return True

    def unknown(self, names: Iterable[str]) -> list[str]:
        """The ids that meant no test, and are not these names of other things that are there."""
        others = set(names)
        return [id for id in self._ids if id not in self._used and id not in others]  # noqa: A001


class LoadList(Feature):
    """Drops the tests that are not in the list."""

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._path: str | None = runner.options.load_list
        # The import of a test module may go to another directory.
        self._full_path = from_start(runner.options, self._path or "")
        self.active = self._path is not None
        self._copy: str | None = None
        if self._path == "-":
            self._path = self._full_path = self._copy = _copied_input()
            # Child processes cannot read it once more.
            for words in (runner.options.original_testrunner_args, runner.options.testrunner_defaults or []):
                _replace(words, self._path)

    def arrange(self, plan: Plan) -> Plan:
        wanted = Wanted(self._lines())
        layers, dropped = [], []
        for layer in plan.layers:
            kept: list[unittest.TestCase] = []
            for test in layer.suite:
                ref = TestRef(test, layer.name)
                if wanted.accepts(ref):
                    kept.append(test)  # type: ignore[arg-type]  # whatever is in a suite
                else:
                    dropped.append(ref.label)
            if kept:
                layers.append(LayerPlan(layer.name, unittest.TestSuite(kept)))
        if self.runner.worker == 0:
            modules = [str(getattr(failure, "module", "")) for failure in plan.import_failures]
            self._report_unknown(wanted.unknown(modules))
        return plan.replace(layers=tuple(layers)).rejecting(Rejected(Reason.LISTED, len(dropped), tuple(dropped)))

    def global_teardown(self) -> None:
        """Remove the copy of the list."""
        if self._copy is not None:
            os.unlink(self._copy)

    def _lines(self) -> list[str]:
        try:
            with open(self._full_path, encoding="utf-8", errors="surrogateescape") as file:
                return [line.strip() for line in file if line.strip()]
        except OSError as error:
            raise UsageError(f"--load-list {self._path}: cannot read it: {error.strerror}") from None

    def _report_unknown(self, unknown: list[str]) -> None:
        if not unknown:
            return
        more = ", ..." if len(unknown) > _SHOWN else ""
        names = ", ".join(unknown[:_SHOWN])
        text = f"--load-list: no selected test has the id {names}{more} ({len(unknown)} of the list)\n"
        data = text.encode("utf-8", "backslashreplace")
        self.runner.emit(OutputPassed(self.runner.clock(), self.runner.worker, "stderr", data))


def _copied_input() -> str:
    """A file with what comes from standard input."""
    data = sys.stdin.buffer.read()
    with tempfile.NamedTemporaryFile(prefix="load-list-", delete=False) as file:
        file.write(data)
    return file.name


def _replace(words: MutableSequence[str], path: str) -> None:
    """Name the file where standard input was named."""
    for index, word in enumerate(words):
        if word == "-" and index and words[index - 1].startswith("--load"):
            words[index] = path
        elif word.startswith("--load") and word.endswith("=-"):
            words[index] = f"{word[:-1]}{path}"
