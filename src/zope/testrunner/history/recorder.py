"""Remembering what failed and what took long, for later runs: `Memory`.

It is loaded when there is something to remember, or somebody asks for what is remembered.
"""

from __future__ import annotations

import contextlib
import sys
import unittest
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from zope.testrunner.core import events
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.feature import Feature
from zope.testrunner.history.store import (
    FILE,
    FLOOR,
    FOLDER,
    Changes,
    History,
    HistoryError,
    Store,
    Subject,
    holder_of,
    key_by_names,
    key_of,
)
from zope.testrunner.system.originals import os

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.run import Run


class Memory(Feature):
    """The history of earlier runs, and a sink that notes what this run adds to it.

    ``folder`` is where the history is, None if there is none.  ``wanted`` tells that the user asked for something that needs
    it: then it is begun if it is not there, and trouble with it is told.  ``records`` says whether this run is worth
    remembering, and ``times`` whether its durations are.

    A child process only reads.  It discovers tests anew and has to come to the same plan as its parent, while other runs may
    change the file; so, if the plan is ``shared`` in that it depends on the history, children are given a copy.
    """

    active = True

    def __init__(
        self, runner: Run, folder: str | None, *, wanted: bool, records: bool, times: bool, shared: bool
    ) -> None:
        super().__init__(runner)
        self.history = History()
        self._store = None if folder is None else Store(folder)
        self._wanted = wanted
        self._shared = shared and runner.worker == 0
        self._copy: str | None = None
        self._records = records
        # Whether the history is brought up to date even if nothing has gone wrong.
        self._keeps = records and (wanted or os.path.exists(self.path))
        self._times = times and self._keeps
        self._failed: set[Subject] = set()
        # By whether it is so: to note it of what earlier runs have left, in the middle of repetitions, takes no memory.
        self._mended: dict[Subject, bool] = {}
        #: The ids of tests that failed, each with a zero byte behind it; in one block, so that it does not look as if tests
        #: had left something behind.
        self.noted = bytearray()
        self._tests: dict[str, float] = {}
        self._set_up: dict[str, float] = {}
        self._torn_down: dict[str, float] = {}
        self._quick = 0
        self._quick_seconds = 0.0
        # The layer whose turn it is, by the process that runs it.
        self._layers: dict[int, LayerName] = {}
        # Of tests of which something is known: the parts of their ids before the last, and fixtures by what has them.
        self._owners: set[str] = set()
        self._fixtures: dict[str, list[Subject]] = {}
        self._kinds: dict[type, bool] = {}
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.LayerStarted: self._layer_started,
                events.LayerFinished: self._layer_finished,
                events.SetUpFinished: self._set_up_finished,
                events.TearDownFinished: self._tear_down_finished,
                events.LayerFailed: self._layer_failed,
                events.WorkerLost: self._layer_failed,
                events.ResultsCounted: self._results_counted,
                events.ProblemReported: self._problem_reported,
                events.LeakJudged: self._judged,
                events.MemoryGrew: self._judged,
            }
        )

    @property
    def path(self) -> str:
        """The file; empty if there is none."""
        return "" if self._store is None else self._store.path

    @property
    def shown(self) -> str:
        """The file as people are told about it."""
        return os.path.join(self.runner.options.history or FOLDER, FILE)

    # The feature

    def global_setup(self) -> None:
        """Read what earlier runs have left."""
        if self._store is None:
            return
        try:
            source = self._frozen() if self._shared else self._store
            self.history = source.read()
        except HistoryError as error:
            if self.runner.worker == 0 and (self._wanted or not error.is_foreign):
                self._notify(f"{self.shown} {error}, and is ignored")
        except OSError as error:
            self._notify(f"{self.shown} cannot be read, and is ignored: {error.strerror}")
        history = self.history
        self._mended = dict.fromkeys(history.failed, False)
        for kind, name in history.failed:
            if kind == "test":
                holder = holder_of(name)
                if holder is None:
                    self._owners.add(name.rpartition(".")[0])
                else:
                    self._fixtures.setdefault(holder, []).append((kind, name))
        self._owners.update(name.rpartition(".")[0] for name in history.tests)

    def global_teardown(self) -> None:
        """Write down what this run has added, if somebody may want to know."""
        if self._copy is not None:
            import shutil

            shutil.rmtree(self._copy, ignore_errors=True)
        self._read_noted()
        if self._store is None or not (self._keeps or (self._records and self._failed)):
            return
        for subject in self.history.failed:
            # A module that is there has been imported, unless this run has just failed to.
            if subject[0] == "module" and subject[1] in sys.modules:
                self._mended[subject] = True
        try:
            self._store.update(self._changes(), self.runner.clock())
        except OSError as error:
            if self._wanted:
                self._notify(f"{self.shown}: this run cannot be remembered: {error.strerror or error}")
        except HistoryError:
            # That has been told already.
            return

    def _changes(self) -> Changes:
        hooks = {}
        for layer in {*self._set_up, *self._torn_down}:
            seconds = self._set_up.get(layer, 0.0) + self._torn_down.get(layer, 0.0)
            if seconds >= FLOOR or layer in self.history.hooks:
                hooks[layer] = seconds if seconds >= FLOOR else 0.0
        quick = (self._quick, self._quick_seconds)
        mended = frozenset(subject for subject, is_mended in self._mended.items() if is_mended)
        return Changes(frozenset(self._failed), mended, self._tests, hooks, quick)

    def _frozen(self) -> Store:
        """A copy of the history, which is named on the command lines of child processes."""
        # Few runs need it, and it is slow to load.
        import shutil
        import tempfile

        self._copy = tempfile.mkdtemp(prefix="testrunner-history-")
        frozen = Store(self._copy)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.copyfile(self.path, frozen.path)
        config = self.runner.config
        words = list(config.execute.args)
        end = words.index("--") if "--" in words else len(words)
        words[end:end] = ["--history", self._copy]
        self.runner.config = config.replace(execute=config.execute.replace(args=tuple(words)))
        return frozen

    def _notify(self, text: str) -> None:
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        self.runner.emit(events.OutputPassed(self.runner.clock(), self.runner.worker, "stderr", data))

    # The sink

    def takes(self, kind: type[Event]) -> Emit | None:
        """The method that notes events of one kind; None for those of each test if nothing is to be found out from them."""
        if kind is events.TestFinished:
            if self._owners or self._fixtures:
                return self._test_finished_watched  # type: ignore[return-value]  # it is asked only for this kind
            return self._test_finished if self._times else None  # type: ignore[return-value]
        return self._takers.get(kind)

    def _test_finished(self, event: events.TestFinished) -> None:
        seconds = event.seconds
        if seconds >= FLOOR:
            self._tests[key_of(event.test)] = seconds
        else:
            self._quick += 1
            self._quick_seconds += seconds

    def _test_finished_watched(self, event: events.TestFinished) -> None:
        if self._times:
            self._test_finished(event)
        kind = type(event.test.live)
        try:
            known = self._kinds[kind]
        except KeyError:
            known = self._kinds[kind] = self._may_know(kind)
        if known:
            self._look(event.test, event)

    def _may_know(self, kind: type) -> bool:
        """Whether something may be known of a test of this class."""
        if getattr(kind, "id", None) is not unittest.TestCase.id:
            return True
        name = f"{kind.__module__}.{kind.__qualname__}"
        return name in self._owners or name in self._fixtures or kind.__module__ in self._fixtures

    def _look(self, test: TestRef, event: events.TestFinished) -> None:
        id = key_of(test)  # noqa: A001 - what it is called
        subject = "test", id
        if subject in self.history.failed and not event.outcome.is_problem:
            self._mended[subject] = True
        if self._times and event.seconds < FLOOR and id in self.history.tests:
            self._tests[id] = 0.0
        for holder, subjects in self._fixtures.items():
            if id.startswith(f"{holder}."):
                self._mended.update(dict.fromkeys(subjects, True))

    def _problem_reported(self, event: events.ProblemReported) -> None:
        self.noted += key_of(event.test).encode("utf-8", "surrogatepass") + b"\0"

    def _read_noted(self) -> None:
        for each in self.noted.decode("utf-8", "surrogatepass").split("\0")[:-1]:
            name, is_document, label = each.partition("\1")
            self._failed.add(("test", key_by_names(name, label) if is_document else name))

    def _discovered(self, event: events.Discovered) -> None:
        if event.worker == 0:
            self._failed.update(("module", failure.module) for failure in event.import_failures)

    def _layer_started(self, event: events.LayerStarted) -> None:
        self._layers[event.worker] = event.layer

    def _layer_finished(self, event: events.LayerFinished) -> None:
        self._mended["layer", event.layer] = True

    def _set_up_finished(self, event: events.SetUpFinished) -> None:
        if event.problem is not None:
            # All tests of the layer whose turn it is are concerned, also if it is one of its bases that failed.
            self._failed.add(("layer", self._layers.get(event.worker, event.layer)))
        elif self._times:
            self._set_up[event.layer] = event.seconds

    def _tear_down_finished(self, event: events.TearDownFinished) -> None:
        if event.problem is not None:
            self._failed.add(("layer", event.layer))
        elif self._times:
            self._torn_down[event.layer] = event.seconds

    def _layer_failed(self, event: events.LayerFailed | events.WorkerLost) -> None:
        self._failed.add(("layer", event.layer))

    def _results_counted(self, event: events.ResultsCounted) -> None:
        # The names in there are not those by which tests are known here.
        if event.failed or event.errored:
            self._failed.add(("layer", event.layer))
        else:
            self._mended["layer", event.layer] = True

    def _judged(self, event: events.LeakJudged | events.MemoryGrew) -> None:
        if event.is_problem:
            if event.test is not None:
                self._failed.add(("test", key_of(event.test)))
            elif isinstance(event, events.LeakJudged):
                self._failed.add(("layer", event.layer))
