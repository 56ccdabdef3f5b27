"""Processes are run to their end, in turn, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks.errors import BenchmarkError
from benchmarks.measure import Command, Metric, Sample, Usage, interleave, run_command, run_to_end

USAGE = Usage(cpu=1.0, wall=2.0, peak=3)


def usage(cpu: float) -> Usage:
    """What a process used that took so many CPU seconds."""
    return Usage(cpu=cpu, wall=2 * cpu, peak=int(100 * cpu))


def command(label: str, *words: str, folder: Path = Path("/")) -> Command:
    """A command that has done its work when its output is ``done``."""
    return Command(
        label=label,
        words=words,
        folder=folder,
        environment={},
        judge=lambda status, output: None if (status, output) == (0, "done") else f"{status} {output}",
    )


class TestSample(unittest.TestCase):
    def test_median_forgets_the_outlier(self) -> None:
        sample = Sample(label="x", usages=(usage(1.0), usage(90.0), usage(2.0)))

        self.assertEqual(
            (2.0, 4.0, 200), tuple(sample.median(metric) for metric in (Metric.CPU, Metric.WALL, Metric.PEAK))
        )

    def test_spread_is_a_share_of_the_median(self) -> None:
        sample = Sample(label="x", usages=(usage(4.0), usage(3.0), usage(5.0)))

        self.assertEqual(0.5, sample.spread(Metric.CPU))

    def test_without_runs_there_is_no_number(self) -> None:
        sample = Sample(label="x", problem="broken")

        self.assertEqual((None, None), (sample.median(Metric.CPU), sample.spread(Metric.CPU)))


class TestInterleave(unittest.TestCase):
    def test_takes_turns(self) -> None:
        order = []

        def run(command: Command) -> tuple[Usage, str | None]:
            order.append(command.label)
            return USAGE, None

        interleave([command("A"), command("B"), command("C")], rounds=2, run=run)

        self.assertEqual(list("ABCABCABC"), order)

    def test_does_not_count_the_first_round(self) -> None:
        answers = iter([usage(9.0), usage(1.0), usage(2.0)])

        (sample,) = interleave([command("A")], rounds=2, run=lambda command: (next(answers), None))

        self.assertEqual((usage(1.0), usage(2.0)), sample.usages)

    def test_does_not_run_again_what_does_not_work(self) -> None:
        order = []

        def run(command: Command) -> tuple[Usage, str | None]:
            order.append(command.label)
            return USAGE, "broken" if command.label == "B" and order.count("B") > 1 else None

        a, b = interleave([command("A"), command("B")], rounds=3, run=run)

        self.assertEqual("ABABAA", "".join(order))
        self.assertEqual((3, None), (len(a.usages), a.problem))
        self.assertEqual(((), "broken"), (b.usages, b.problem))


class TestRun(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.log = self.folder / "log"

    def run_python(self, program: str) -> tuple[int, Usage]:
        """Run a Python program in the folder of the test."""
        return run_to_end(
            [sys.executable, "-c", program], folder=self.folder, environment={"NAME": "value"}, log=self.log
        )

    def test_answers_the_exit_status(self) -> None:
        self.assertEqual(7, self.run_python("raise SystemExit(7)")[0])

    def test_answers_a_signal_as_a_negative_status(self) -> None:
        status, _ = self.run_python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

        self.assertEqual(-signal.SIGKILL, status)

    def test_counts_what_the_process_used(self) -> None:
        _, small = self.run_python("pass")
        _, large = self.run_python("data = bytearray(100_000_000)")

        self.assertGreater(large.peak - small.peak, 90_000_000)
        self.assertGreater(small.cpu, 0)

    def test_does_not_count_the_memory_of_the_starter(self) -> None:
        data = bytearray(100_000_000)
        _, used = self.run_python("pass")

        self.assertLess(used.peak, len(data))

    def test_keeps_both_output_streams(self) -> None:
        self.run_python("import sys; print('one', flush=True); print('two', file=sys.stderr)")

        self.assertEqual("one\ntwo\n", self.log.read_text(encoding="utf-8"))

    def test_starts_in_the_folder_with_the_given_variables_only(self) -> None:
        self.run_python("import os; print(os.getcwd(), os.environ.get('NAME'), os.environ.get('HOME'))")

        self.assertEqual(f"{self.folder} value None\n", self.log.read_text(encoding="utf-8"))

    def test_kills_a_forgotten_child(self) -> None:
        self.run_python(
            "import subprocess, sys\n"
            "sleep = 'import time; time.sleep(600)'\n"
            "child = subprocess.Popen([sys.executable, '-c', sleep])\n"
            "print(child.pid)\n"
            "import os; sys.stdout.flush(); os._exit(0)"
        )
        child = int(self.log.read_text(encoding="utf-8"))

        self.assertTrue(is_dying(child))

    def test_names_a_program_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(BenchmarkError, r"^Cannot start /no/program: .*No such file"):
            run_to_end(["/no/program"], folder=self.folder, environment={}, log=self.log)

    def test_judges_status_and_output(self) -> None:
        good = command("good", sys.executable, "-c", "print('done', end='')", folder=self.folder)
        bad = command(
            "bad", sys.executable, "-c", "print('half', end=''); raise SystemExit(3)", folder=self.folder
        )

        self.assertEqual([None, "3 half"], [run_command(each, self.log)[1] for each in (good, bad)])


def is_dying(process: int) -> bool:
    """Whether a process is gone, or gone but for being waited for; it has been sent SIGKILL."""
    # An orphan that was killed is waited for by whoever adopted it, which may be never in a container.
    for _ in range(1000):  # Ten seconds at most.
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX":
            return True
        time.sleep(0.01)
    return False
