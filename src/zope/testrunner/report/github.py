"""Annotations for GitHub Actions: a line for each problem, which GitHub shows beside the line of code that it is about.

The form of these lines is that of GitHub's workflow commands
(https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions).  They are written as problems happen,
since this sink keeps nothing that could look like growth of what is tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from zope.testrunner.core import events
from zope.testrunner.report.formatter_adapter import layer_label
from zope.testrunner.report.locations import Location, locations
from zope.testrunner.system.originals import io, os

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import Problem

#: GitHub shows about 4 KB of a message.
_LONGEST = 4000


class Annotations:
    """A sink that writes a line for each problem, to a file or to standard output if ``target`` is None.

    ``root`` is the directory that GitHub shows the files of; problems are placed at the innermost line in it that is not
    part of an installed package.
    """

    def __init__(self, target: str | None, root: str) -> None:
        self._file = None if target is None else io.open(target, "w", encoding="utf-8")
        self._root = os.path.realpath(root)
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.ProblemReported: self._problem_reported,
                events.SetUpFinished: self._hook_finished,
                events.TearDownFinished: self._hook_finished,
                events.LayerFailed: self._layer_failed,
                events.WorkerLost: self._worker_lost,
                events.ResultsCounted: self._results_counted,
                events.LeakJudged: self._leak_judged,
                events.MemoryGrew: self._memory_grew,
            }
        )

    def takes(self, kind: type[Event]) -> Emit | None:
        """What can go wrong."""
        return self._takers.get(kind)

    def close(self) -> None:
        """Nothing more will come."""
        if self._file is not None:
            self._file.close()

    def _discovered(self, event: events.Discovered) -> None:
        for failure in event.import_failures if event.worker == 0 else ():
            self._problem(f"Module {failure.module}", failure.problem)

    def _problem_reported(self, event: events.ProblemReported) -> None:
        self._problem(event.test.label if event.label is None else event.label, event.problem)

    def _hook_finished(self, event: events.SetUpFinished | events.TearDownFinished) -> None:
        if event.problem is not None:
            hook = "setUp" if isinstance(event, events.SetUpFinished) else "tearDown"
            self._problem(layer_label(event.layer, hook), event.problem)

    def _layer_failed(self, event: events.LayerFailed) -> None:
        self._problem(layer_label(event.layer), event.problem)

    def _worker_lost(self, event: events.WorkerLost) -> None:
        self._write(layer_label(event.layer), f"Its process did not deliver results: {event.cause}")

    def _results_counted(self, event: events.ResultsCounted) -> None:
        for label in (*event.failed, *event.errored):
            self._write(label, "It did not pass; its process has printed the report.")

    def _leak_judged(self, event: events.LeakJudged) -> None:
        if event.is_problem:
            label = layer_label(event.layer) if event.test is None else event.test.label
            report = "\n".join(event.report) or event.growth.value
            self._write(f"Leak: {label}", report)

    def _memory_grew(self, event: events.MemoryGrew) -> None:
        if event.is_problem:
            last = event.again[-1] if event.again else event.grown
            self._write(f"Leak: {event.test.label}", f"It makes the process larger each time, last by {last} bytes.")

    def _problem(self, title: str, problem: Problem) -> None:
        # Of a document, the first example that failed; of a traceback, where it ends.
        try:
            found = locations(problem.traceback, self._root)
        except Exception:
            # At this moment, a test may have something else in the place of functions for paths.
            found = []
        location = (found[0] if problem.is_doctest else found[-1]) if found else None
        self._write(title, problem.traceback, location)

    def _write(self, title: str, text: str, location: Location | None = None) -> None:
        where = "" if location is None else f"file={_value(location.path)},line={location.line},"
        stream = self._file or sys.stdout
        line = f"::error {where}title={_value(title)}::{_data(_cut(text.strip()))}\n"
        stream.write(line.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
        stream.flush()


def _cut(text: str) -> str:
    """The text without its middle if it is too long to be shown."""
    return text if len(text) <= _LONGEST else f"{text[:1000]}\n...\n{text[1000 - _LONGEST:]}"


def _data(text: str) -> str:
    """The text as the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    """The text as the value of a command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def github(options: argparse.Namespace, target: str | None) -> Annotations:
    """The format ``github``."""
    return Annotations(target, os.environ.get("GITHUB_WORKSPACE") or os.curdir)


#: It goes along with text for people on standard output.
github.beside_text = True  # type: ignore[attr-defined]
