"""Starting child processes: copies of this one, or the script that started this run once more, with other words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING

from zope.testrunner.core.model import LayerName
from zope.testrunner.system.originals import os
from zope.testrunner.system.value_class import Record
from zope.testrunner.workers import command_line as worker

if TYPE_CHECKING:
    import subprocess

    from zope.testrunner.core.events import Emit
    from zope.testrunner.execution.serial import RunContext
    from zope.testrunner.execution.streams.capture_fd import Captured
    from zope.testrunner.planning.work_groups import Expected
    from zope.testrunner.workers.pool import Pool
    from zope.testrunner.workers.process_group import Process, WorkerPipes
    from zope.testrunner.workers.protocol import WorkerConfig

    #: Does what a parent orders, once it has the context, somebody who has to know where events go, and what holds back
    #: output.
    Serve = Callable[[RunContext, Callable[[Emit], None], Captured | None], None]


class Script(Record):
    """How this run was started: the words after the interpreter, the directory, the arguments.

    ``defaults`` and ``arguments`` are command-line words, without the name of the program.
    """

    parts: tuple[str, ...]
    directory: str
    defaults: tuple[str, ...]
    arguments: tuple[str, ...]

    def command(self, layer: LayerName, number: int) -> list[str]:
        """The command line of a worker for a layer."""
        words = worker.command_line(layer, number, self.defaults, self.arguments)
        return [sys.executable, *self.parts, *words]


def start(
    script: Script, layer: LayerName, number: int, token: str, directory: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a worker with pipes on all three standard streams; it sends frames marked with the token.

    What it catches of its tests' output it keeps in files in ``directory``.
    """
    import subprocess

    kept = {} if directory is None else {worker.DIRECTORY: directory}
    return subprocess.Popen(
        script.command(layer, number),
        shell=False,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=script.directory,
        env=os.environ | {worker.VARIABLE: token} | kept,
        close_fds=True,
    )


def text_lines(data: bytes | str) -> list[str]:
    """What a stream gave, as lines of text without line ends."""
    text = data.decode("utf-8", "backslashreplace") if isinstance(data, bytes) else data
    # Not `str.splitlines`, for which a form feed ends a line as well.
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def read_all(stream: IO[bytes]) -> bytes:
    """All of a stream until its end; what is there if it breaks."""
    try:
        return stream.read()
    except (OSError, ValueError):
        return b""


def pool_for(
    context: RunContext,
    script: Script,
    work: Callable[[Serve, int], None],
    expected: Expected,
    notify: Callable[[str], None],
) -> Pool:
    """What runs tests in child processes, made in the way that is asked for or else the best one.

    ``work`` is called in a copy of this process, with what it is to do and the number of its layer.  ``notify`` is called
    with a sentence where processes that are divided cannot be copies.
    """
    from zope.testrunner.execution.timeouts import Limits
    from zope.testrunner.workers.pool import Pool
    from zope.testrunner.workers.start_methods import why_not_fork

    execute = context.execute
    why = None if execute.start_method else why_not_fork()
    method = execute.start_method or ("spawn" if why else "fork")
    if why and context.execute.processes > 1:
        notify(f"Each process starts anew and imports the tests again, as {why}.")
    if method == "spawn":
        # Each process imports for itself, so that nothing is shared.
        context = context.replace(together=None)
    launcher = Forked(work) if method == "fork" else Spawned(script)
    limits = Limits(execute.timeout or None, execute.layer_timeout or None)
    return Pool(context, launcher, execute.processes, limits, expected)


class Forked:
    """Makes workers that are copies of this process, in which all tests are imported."""

    def __init__(self, work: Callable[[Serve, int], None]) -> None:
        self._work = work

    def __call__(self, config: WorkerConfig, worker: int, foreign: Sequence[int], /) -> Process:
        """Make one, which knows nothing of the descriptors in ``foreign``; raises `OSError`."""
        from zope.testrunner.workers.main import serve
        from zope.testrunner.workers.start_methods import fork

        def work(ends: WorkerPipes) -> None:
            self._work(
                lambda context, begin, captured: serve(config, context, ends, begin, captured),
                worker,
            )

        return fork(work, foreign)

    def command(self, layer: LayerName) -> tuple[str, ...]:
        """There is none."""
        return ()


class Spawned:
    """Makes workers by starting the script of this run anew."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def __call__(self, config: WorkerConfig, worker: int, foreign: Sequence[int], /) -> Process:
        """Start one; raises `OSError`."""
        from zope.testrunner.core.report_names import test_id
        from zope.testrunner.workers.framing import packed, write_all
        from zope.testrunner.workers.start_methods import spawn

        name = config.ready.plan.name
        process = spawn(self.command(name), self._script.directory, config.token, os.environ)
        ids = [test_id(test) for test in config.ready.plan.suite]
        try:
            first = worker, config.split, config.sections.iterations, config.sections.groups, ids
            write_all(process.orders, packed(config.token, first))
        except OSError:
            # It is gone already; why, its end will tell.
            pass
        return process

    def command(self, layer: LayerName) -> tuple[str, ...]:
        """The command line of a worker for a layer."""
        return tuple(self._script.command(layer, 1))
