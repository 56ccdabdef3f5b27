"""From a case to its result: projects on disk, a process for each contender, all measured in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import peers, trees
from benchmarks.cases import judged
from benchmarks.measure import Command, Sample, interleave, run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.cases import Case, Contender, Result
    from benchmarks.measure import Usage
    from benchmarks.peers import Home


def hold(
    case: Case, *, homes: Mapping[str, Home], rounds: int, folder: Path, tell: Callable[[str], None]
) -> Result:
    """Measure the contenders of *case* whose runner has a home; projects and logs go below *folder*.

    *tell* receives a few words about what happens now, before it happens.
    """
    samples = {
        contender.label: Sample(label=contender.label, problem="there is no such runner here.")
        for contender in case.contenders
    }
    commands = []
    for contender in case.contenders:
        if (home := homes.get(contender.runner.home)) is None:
            continue
        project = folder / contender.tree.name
        if not project.exists():
            tell(f"{case.name}: writing {contender.tree.tests:,} tests")
            trees.write(contender.tree, project)
        commands.append(command_for(contender, home, project))
    total = len(commands) * (rounds + 1)
    started = 0

    def run(command: Command) -> tuple[Usage, str | None]:
        nonlocal started
        started += 1
        tell(f"{case.name}: process {started} of {total}, {command.label}")
        return run_command(command, folder / f"{case.name}-{command.label.replace(' ', '-')}.log")

    samples.update((sample.label, sample) for sample in interleave(commands, rounds=rounds, run=run))
    return judged(case, samples)


def command_for(contender: Contender, home: Home, project: Path) -> Command:
    """The process that *contender* is, in the folder *project* that has its tree."""
    runner, work, expected = contender.runner, contender.work, contender.tree.tests

    def judge(status: int, output: str) -> str | None:
        return shortcoming(status, output, count=runner.count.get(work), expected=expected)

    return Command(
        label=contender.label,
        words=(home.interpreter.executable, *runner.words[work], *contender.arguments),
        folder=project,
        environment=peers.environment(home),
        judge=judge,
        each=runner.each,
    )


def shortcoming(
    status: int, output: str, *, count: Callable[[str], int | None] | None, expected: int
) -> str | None:
    """What is wrong with a process that ended with *status* and wrote *output*, or ``None``.

    Its work is done when the status is 0 and the output, read by *count*, tells of as many tests as
    *expected*. A process without *count* has nothing to tell.
    """
    dealt_with = expected if count is None else count(output)
    if status == 0 and dealt_with == expected:
        return None
    reasons = [f"exit status {status}"] if status else []
    if dealt_with is None:
        reasons.append("it does not say how many tests there were")
    elif dealt_with != expected:
        reasons.append(f"{dealt_with:,} tests instead of {expected:,}")
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), None)
    return f"{', '.join(reasons)}; " + ("it wrote nothing." if last is None else f"its last line: {last}")
