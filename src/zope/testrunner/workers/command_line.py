"""The child's side: what its command line says, and how its results get out of it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import MutableMapping, Sequence

from zope.testrunner.core.config import RESUME
from zope.testrunner.core.events import Emit, Event, RunStarted
from zope.testrunner.core.model import LayerName
from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.originals import os
from zope.testrunner.system.value_class import Record

#: The environment variable by which a parent asks for frames; its value is the token.
VARIABLE = "ZOPE_TESTRUNNER_FRAMES"

#: The environment variable by which a pool tells a child that it takes orders: a token, the descriptor to read orders
#: from and that to write results to, with colons between.
POOL = "ZOPE_TESTRUNNER_POOL"

#: The environment variable that names the directory in which a child keeps what it catches of its tests' output.
DIRECTORY = "ZOPE_TESTRUNNER_OUTPUT"


class Resume(Record):
    """What a child is to do: run this one layer.

    ``number`` is 0 if the parent has announced the layer already.  ``defaults`` and ``arguments`` are what the parent was
    started with, the program's name first among the latter.
    """

    layer: LayerName
    number: int
    defaults: list[str]
    arguments: list[str]


def read_command_line(arguments: Sequence[str]) -> Resume | None:
    """What the command line of a child says, or None for that of an ordinary run.

    Raises `UsageError` if it is incomplete.
    """
    if len(arguments) < 2 or arguments[1] != RESUME:
        return None
    words = list(arguments[2:])
    if len(words) < 2 or not words[1].isdecimal():
        raise UsageError(f"{RESUME} needs the name of a layer and a number; it is meant for child processes only")
    layer, number = LayerName(words[0]), int(words[1])
    del words[:2]
    defaults = []
    while words[:1] == ["--default"] and len(words) > 1:
        defaults.append(words[1])
        del words[:2]
    return Resume(layer, number, defaults, [arguments[0], *words])


def command_line(layer: LayerName, number: int, defaults: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """The words after the script that make a child run a layer; ``arguments`` has no program name."""
    words = [RESUME, layer, str(number)]
    for default in defaults:
        words += ["--default", default]
    return words + list(arguments)


def take_token(environment: MutableMapping[str, str]) -> str | None:
    """The token for frames, taken out of the environment so that runners started by tests do not see it."""
    return environment.pop(VARIABLE, None)


class WorkerChannel(Record):
    """How a child that takes orders talks with its parent: the token, and the descriptors to read from and to write to."""

    token: str
    orders: int
    results: int


def take_orders(environment: MutableMapping[str, str]) -> WorkerChannel | None:
    """What the parent said about orders, taken out of the environment so that runners started by tests do not see it."""
    words = environment.pop(POOL, "").split(":")
    if len(words) != 3 or not (words[1].isdecimal() and words[2].isdecimal()):
        return None
    descriptors = int(words[1]), int(words[2])
    for descriptor in descriptors:
        try:
            # What tests start has no business with them.
            os.set_inheritable(descriptor, False)
        except OSError:
            return None
    return WorkerChannel(words[0], *descriptors)


def take_directory(environment: MutableMapping[str, str]) -> str | None:
    """Where a child keeps what it catches, so that its parent can read the last words of one that dies."""
    return environment.pop(DIRECTORY, None)


class FrameWriter:
    """The only sink of a child that was asked for frames: hands every event to the parent.

    It writes to a copy of descriptor 1 (or of another one, which leads to the parent), so that a test that closes or
    redirects its standard output loses no result.
    """

    def __init__(self, token: str, descriptor: int = 1) -> None:
        # Imported here, because workers that send frames by another way import this module as well.
        from zope.testrunner.workers import stdout_frames as wire

        self._token = token
        self._frame = wire.frame
        self._descriptor = os.dup(descriptor)
        self._write(wire.hello(token))

    def takes(self, kind: type[Event]) -> Emit | None:
        """Everything but the plan, which the parent has itself."""
        return None if kind is RunStarted else self._send

    def _send(self, event: Event) -> None:
        # What the test printed before the event comes before it on the pipe as well.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        self._write(self._frame(self._token, event))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class FakeInputContinueGenerator:
    """A standard input for children: tells a debugger that asks for a command to continue, and the user why."""

    def readline(self) -> str:
        """The command ``c``, announced by a banner."""
        stars = "*" * 70
        sys.stdout.write(f"c\n\n{stars}\nCan't use pdb.set_trace when running a layer as a subprocess!\n{stars}\n\n")
        return "c\n"

    def close(self) -> None:
        """There is nothing to close."""
