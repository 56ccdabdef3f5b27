"""Where the time of a run goes, stage by stage, and the floor below it: ``python -m benchmarks.stages``.

Every round starts one process that runs a tree of empty tests with this checkout's runner and notes its own CPU time at the
borders of the stages, and one that runs the same tests in bare loops.  The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import clocked, peers, trees

#: The tests of the same tree: run with a result that does nothing, and by unittest's own runner.
_FLOOR = """
import json, sys, time, unittest
now = time.process_time

class Null(unittest.TestResult):
    startTest = stopTest = addSuccess = addDuration = lambda *words: None

def tests():
    suite = unittest.TestLoader().discover(".", top_level_dir=".")
    found, waiting = [], [suite]
    while waiting:
        each = waiting.pop()
        if isinstance(each, unittest.TestSuite):
            waiting.extend(each)
        else:
            found.append(each)
    return found

found, null = tests(), Null()
began = now()
for test in found:
    test(null)
bare = now() - began
suite = unittest.TestLoader().discover(".", top_level_dir=".")
began = now()
unittest.TextTestRunner(stream=open("/dev/null", "w")).run(suite)
print(json.dumps([len(found), bare, now() - began]), file=sys.stderr)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """CPU seconds by stage in the order of a run, and of the two bare loops over the same tests."""

    tests: int
    seconds: dict[str, float]
    bare: float
    unittest: float


def measure(python: str, variables: dict[str, str], folder: Path) -> Stages:
    """Measure one round in a folder with a tree of tests."""
    ran, marks = _said(python, variables, folder, clocked.SCRIPT)
    seconds, before = {}, 0.0
    for name, at in marks:
        seconds[name], before = at - before, at
    tests, bare, by_unittest = _said(python, variables, folder, _FLOOR)
    if ran != tests:
        raise SystemExit(f"benchmarks: {ran} tests were run and {tests} found; the tree in {folder} is damaged")
    return Stages(tests=tests, seconds=seconds, bare=bare, unittest=by_unittest)


def table(rounds: list[Stages]) -> str:
    """The medians: seconds, their share of the whole, and microseconds for each test."""
    tests = rounds[0].tests
    lines = [f"{tests:,} empty tests, {len(rounds)} rounds", "", f"{'':<28}{'CPU s':>8}{'share':>8}{'µs/test':>9}"]
    names = list(rounds[0].seconds)
    medians = {name: statistics.median(each.seconds[name] for each in rounds) for name in names}
    whole = sum(medians.values())
    lines += [f"{name:<28}{cpu:>8.3f}{cpu / whole:>8.0%}{cpu / tests * 1e6:>9.1f}" for name, cpu in medians.items()]
    lines.append(f"{'all of it':<28}{whole:>8.3f}{1:>8.0%}{whole / tests * 1e6:>9.1f}")
    for name, values in (
        ("TestCase.run, no result", [each.bare for each in rounds]),
        ("unittest's runner", [each.unittest for each in rounds]),
    ):
        value = statistics.median(values)
        lines.append(f"{name:<28}{value:>8.3f}{'':>8}{value / tests * 1e6:>9.1f}")
    return "\n".join(lines)


def _said(python: str, variables: dict[str, str], folder: Path, script: str) -> list:  # type: ignore[type-arg]
    environment = {**peers.environment(), **variables}
    words = [python, "-c", script]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stderr.splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"benchmarks: {python} did not measure: {done.stderr.strip().splitlines()[-1:]}") from None
    return list(answer)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="How many rounds count (default: 5).")
    parser.add_argument("--tests", type=int, default=20_000, metavar="N", help="How many tests there are (default: 20000).")
    parser.add_argument("--python", default=sys.executable, help="The interpreter that runs everything (default: this one).")
    options = parser.parse_args(arguments)
    if options.runs < 1 or options.tests < 1_000:
        parser.error("at least one round and 1000 tests are needed")
    home = peers.checkout_home(options.python, lambda line: print(line, file=sys.stderr))
    tree = trees.UnitTestTree(name="stages", modules=options.tests // 500, classes=5, methods=100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / tree.name
        trees.write(tree, folder)
        # The first round compiles the modules.
        rounds = [measure(home.interpreter.executable, dict(home.variables), folder) for _ in range(options.runs + 1)][1:]
    print(table(rounds))


if __name__ == "__main__":
    main()
