"""A run counts only when the runner did what it was asked."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks import peers, trees
from benchmarks.cases import Case, Claim, Contender
from benchmarks.contest import command_for, hold, shortcoming
from benchmarks.measure import Metric
from benchmarks.peers import Home, Interpreter, Runner, Work

HERE = Home(
    interpreter=Interpreter(executable=sys.executable, version="v", name="n", prefix="p", versions={}),
    variables={"EXTRA": "1"},
)
COUNT = peers.number_in(r"^ran (\d+)")
RUNNER = Runner(
    name="counter", home="peers", words={Work.RUN: ("-c", "print('ran 4')")}, count={Work.RUN: COUNT}
)


class TestShortcoming(unittest.TestCase):
    def test_there_is_none_when_all_tests_are_counted(self) -> None:
        self.assertIsNone(shortcoming(0, "ran 4\n", count=COUNT, expected=4))

    def test_too_few_tests(self) -> None:
        self.assertEqual(
            "3 tests instead of 4; its last line: ran 3", shortcoming(0, "ran 3\n\n", count=COUNT, expected=4)
        )

    def test_a_status(self) -> None:
        self.assertEqual(
            "exit status 1; its last line: ran 4", shortcoming(1, "ran 4", count=COUNT, expected=4)
        )

    def test_no_count(self) -> None:
        self.assertEqual(
            "exit status -9, it does not say how many tests there were; it wrote nothing.",
            shortcoming(-9, "", count=COUNT, expected=4),
        )

    def test_there_is_none_in_silence_when_nothing_is_counted(self) -> None:
        self.assertIsNone(shortcoming(0, "", count=None, expected=4))


class TestCommandFor(unittest.TestCase):
    def test_adds_the_arguments_of_the_contender(self) -> None:
        contender = Contender(label="more", runner=RUNNER, tree=trees.FOUR, arguments=("-j2",))

        command = command_for(contender, HERE, Path("/project"))

        self.assertEqual(
            ("more", (sys.executable, "-c", "print('ran 4')", "-j2")), (command.label, command.words)
        )
        self.assertEqual((Path("/project"), "1"), (command.folder, command.environment["EXTRA"]))


class TestHold(unittest.TestCase):
    def test_measures_who_is_there_and_says_who_is_not(self) -> None:
        case = Case(
            name="case",
            title="title",
            contenders=(
                Contender(label="ours", runner=peers.OURS, tree=trees.FOUR),
                Contender(label="counter", runner=RUNNER, tree=trees.FOUR),
            ),
            claims=(Claim(metric=Metric.CPU, other="counter", at_most=1.0),),
        )
        said: list[str] = []
        with tempfile.TemporaryDirectory() as name:
            result = hold(case, homes={"peers": HERE}, rounds=2, folder=Path(name), tell=said.append)

        self.assertEqual(2, len(result.samples["counter"].usages))
        self.assertEqual("there is no such runner here.", result.samples["ours"].problem)
        self.assertTrue(result.findings[0].is_missed)
        self.assertEqual("case: writing 4 tests", said[0])
        self.assertEqual("case: process 3 of 3, counter", said[-1])
