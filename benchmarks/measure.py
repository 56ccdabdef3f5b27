"""Interleaved timing of whole processes by the operating system's own accounting.

A, B, C, A, B, C…: what disturbs the machine for a while then falls on all alike, and the median of the
rounds forgets it. Nothing here knows what the processes are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))

#: ``ru_maxrss`` counts kibibytes, except on macOS, where it counts bytes (getrusage(2) of each).
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Metric(Enum):
    """What can be compared; the value is the name of the field of :class:`Usage`."""

    CPU = "cpu"
    WALL = "wall"
    PEAK = "peak"
    EACH = "each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process used: CPU and elapsed time in seconds, peak resident memory in bytes.

    CPU is user and system time together. As the operating system has it, children that the process waited
    for are included: their time is added, and the peak is that of the largest. *each* is the CPU time that one test took,
    which only some processes tell.
    """

    cpu: float
    wall: float
    peak: int
    each: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to measure and how to tell that it did its work.

    *judge* receives the exit status and everything the process wrote; it answers ``None`` when the work was
    done and otherwise one line saying what was wrong. *each* reads off what one test took, if the process tells.
    """

    label: str
    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    judge: Callable[[int, str], str | None]
    each: Callable[[str], float | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The measured runs of one command in the order they happened, or why there are none."""

    label: str
    usages: tuple[Usage, ...] = ()
    problem: str | None = None

    def values(self, metric: Metric) -> list[float]:
        """One number per run that has one: seconds, or bytes for the peak."""
        values = [getattr(usage, metric.value) for usage in self.usages]
        return [value for value in values if value is not None]

    def median(self, metric: Metric) -> float | None:
        """The median over the runs, ``None`` when there is none."""
        values = self.values(metric)
        return statistics.median(values) if values else None

    def least(self, metric: Metric) -> float | None:
        """The smallest of all runs, ``None`` when there is none."""
        return min(self.values(metric), default=None)

    def spread(self, metric: Metric) -> float | None:
        """How far the runs are apart: the largest less the smallest, as a share of the median."""
        values = self.values(metric)
        median = self.median(metric)
        return (max(values) - min(values)) / median if median else None


def run_to_end(
    words: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> tuple[int, Usage]:
    """Run a process to its end, all output into the file *log*; return its exit status and what it used.

    The first of the *words* is the path of a program. The process gets a process group of its own, and what
    is left of that group is killed when this call ends in whichever way: neither Ctrl-C nor a runner that
    forgets its children leaves a process behind.

    Raises:
        BenchmarkError: The process cannot be started.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="ascii") as answer, log.open("wb") as output:
        try:
            launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", _LAUNCHER, str(writing), *words],
                cwd=folder,
                env=environment,
                pass_fds=[writing],
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        finally:
            os.close(writing)
        try:
            launcher.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()
        fields = answer.read().split()
    if not fields:
        raise BenchmarkError(f"Cannot start {words[0]}: {_last_line(log)}.")
    status, cpu, wall, peak = fields
    used = Usage(cpu=float(cpu), wall=float(wall), peak=int(peak) * _MAXRSS_UNIT)
    return os.waitstatus_to_exitcode(int(status)), used


def _last_line(log: Path) -> str:
    return (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no reason given"])[-1]


def run_command(command: Command, log: Path) -> tuple[Usage, str | None]:
    """Run *command* once, output into the file *log*; return what it used and what was wrong, if anything."""
    status, usage = run_to_end(command.words, folder=command.folder, environment=command.environment, log=log)
    text = log.read_text(encoding="utf-8", errors="replace")
    if command.each is not None:
        usage = replace(usage, each=command.each(text))
    return usage, command.judge(status, text)


def interleave(
    commands: Sequence[Command], *, rounds: int, run: Callable[[Command], tuple[Usage, str | None]]
) -> list[Sample]:
    """Measure *commands* in turn, *rounds* times each after one round that does not count.

    The first round compiles modules and fills the caches of the file system. A command that does not do its
    work is not run again; its sample has the problem and no runs.
    """
    usages: dict[str, list[Usage]] = {command.label: [] for command in commands}
    problems: dict[str, str] = {}
    for number in range(rounds + 1):
        for command in commands:
            if command.label in problems:
                continue
            usage, problem = run(command)
            if problem is not None:
                problems[command.label] = problem
                usages[command.label].clear()
            elif number:
                usages[command.label].append(usage)
    return [
        Sample(label=label, usages=tuple(measured), problem=problems.get(label))
        for label, measured in usages.items()
    ]
