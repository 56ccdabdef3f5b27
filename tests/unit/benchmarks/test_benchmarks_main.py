"""Bad input to ``python -m benchmarks`` is one line that names it, before anything is measured."""

from __future__ import annotations

import contextlib
import datetime
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks import __main__ as main
from benchmarks import peers
from benchmarks.cases import CASES, judged
from benchmarks.errors import BenchmarkError
from benchmarks.measure import Sample, Usage
from benchmarks.peers import Home, Interpreter

VERSIONS = {"zope.testrunner": "8.3", "pytest": "9.0"}
PEERS = Home(
    interpreter=Interpreter(
        executable="p", version="v", name="cpython 3.11.7", prefix="/x", versions=VERSIONS
    )
)


class TestBadInput(unittest.TestCase):
    def message(self, *arguments: str) -> str:
        """What is said about *arguments*."""
        with self.assertRaises(BenchmarkError) as caught:
            main.benchmark(arguments)
        return str(caught.exception)

    def test_an_unknown_case_is_answered_with_those_there_are(self) -> None:
        message = self.message("--only", "nothing")

        self.assertIn("there is no case 'nothing'; there are start-up, ", message)
        self.assertNotIn("\n", message)

    def test_rounds_are_a_number_above_zero(self) -> None:
        for text in ("0", "-1", "x", "1.5", "²", ""):
            with self.subTest(text=text):
                self.assertIn(f"{text!r} is not a number of rounds", self.message(f"--runs={text}"))

    def test_an_unknown_option_is_named(self) -> None:
        self.assertEqual("unrecognized arguments: --bogus; see --help.", self.message("--bogus"))

    def test_a_json_file_that_cannot_be_written_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "missing" / "x.json"
            self.assertEqual(
                f"--json {path} cannot be written: No such file or directory.",
                self.message("--json", str(path)),
            )

    def test_a_directory_with_something_in_it_is_not_written_into(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "precious").touch()
            self.assertEqual(
                f"--keep {name} is not empty; name a new directory.", self.message("--keep", name)
            )

    def test_main_says_it_in_one_line_with_status_2(self) -> None:
        errors = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["benchmarks", "--runs", "0"]),
            mock.patch("signal.signal"),
            contextlib.redirect_stderr(errors),
        ):
            status = main.main()

        self.assertEqual(2, status)
        self.assertRegex(errors.getvalue(), r"^benchmarks: argument --runs: '0' is not [^\n]*\n$")


class TestFindHomes(unittest.TestCase):
    def test_interpreters_that_differ_are_refused(self) -> None:
        other = Home(
            interpreter=Interpreter(
                executable="o", version="w", name="cpython 3.12.1", prefix="/y", versions={}
            )
        )
        with (
            mock.patch.object(peers, "peers_home", return_value=PEERS),
            mock.patch.object(peers, "installed_home", return_value=other),
            self.assertRaisesRegex(
                BenchmarkError, "The interpreters differ: cpython 3.11.7 and cpython 3.12.1"
            ),
        ):
            main.find_homes("p", "o", lambda text: None)

    def test_a_checkout_without_a_runner_is_one_line(self) -> None:
        said: list[str] = []
        with (
            mock.patch.object(peers, "peers_home", return_value=PEERS),
            mock.patch.object(peers, "checkout_has_runner", return_value=False),
        ):
            homes = main.find_homes("p", None, said.append)

        self.assertEqual({"peers": PEERS}, homes)
        self.assertEqual(
            ["Ours is not measured: this checkout has no src/zope/testrunner/__main__.py."], said
        )

    def test_a_hunt_that_cannot_be_had_is_one_line(self) -> None:
        said: list[str] = []
        release = Interpreter(executable="p", version="v", name="cpython 3.11.7", prefix="/x", versions={})
        with (
            mock.patch.object(peers, "peers_home", return_value=PEERS),
            mock.patch.object(peers, "checkout_home", return_value=PEERS),
            mock.patch.object(peers, "describe", return_value=release),
        ):
            homes = main.find_homes("p", None, said.append, leaks=True)

        self.assertNotIn("pytest-leaks", homes)
        self.assertEqual(1, len(said))
        self.assertRegex(said[0], "^pytest-leaks is not measured: 'p' is not a debug build")

    def test_a_hunt_on_a_debug_build_has_its_own_environment(self) -> None:
        debug = Interpreter(executable="p", version="v", name="cpython 3.11.7 debug", prefix="/x", versions={})
        with (
            mock.patch.object(peers, "describe", return_value=debug),
            mock.patch.object(peers, "_provide", return_value=PEERS) as provide,
        ):
            self.assertIs(PEERS, peers.pytest_leaks_home("p", lambda text: None))

        self.assertEqual(("pytest<9", "pytest-leaks"), provide.call_args.args[2])


class TestBenchmark(unittest.TestCase):
    """The whole command with invented measurements."""

    def run_benchmark(self, *arguments: str, ours: float) -> tuple[int, str]:
        """Status and output when ours takes *ours* seconds and everyone else one."""

        def hold(case: object, **_: object) -> object:
            (found,) = (each for each in CASES if each is case)
            samples = {
                each.label: Sample(
                    label=each.label,
                    usages=(Usage(cpu=ours if each.label == "ours" else 1.0, wall=1.0, peak=1_000_000),),
                )
                for each in found.contenders
            }
            return judged(found, samples)

        output = io.StringIO()
        with (
            mock.patch.object(main, "hold", hold),
            mock.patch.object(main, "find_homes", return_value={"peers": PEERS}),
            contextlib.redirect_stdout(output),
        ):
            return main.benchmark(["--only", "start-up", *arguments]), output.getvalue()

    def test_a_missed_target_is_for_people_to_judge(self) -> None:
        status, output = self.run_benchmark(ours=0.46)

        self.assertEqual(0, status)
        self.assertRegex(output, r"CPU, ours ÷ published +0\.46 +0\.46 +≤ 0\.45 +not reached\n")

    def test_a_missed_target_fails_a_check(self) -> None:
        self.assertEqual(1, self.run_benchmark("--check", ours=0.46)[0])

    def test_a_reached_target_passes_a_check(self) -> None:
        self.assertEqual(0, self.run_benchmark("--check", ours=0.45)[0])

    def test_every_run_is_written_to_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "x.json"
            self.run_benchmark("--json", str(path), ours=0.5)
            self.assertIn('"cpu": 0.5', path.read_text(encoding="utf-8"))

    def test_listing_measures_nothing(self) -> None:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = main.benchmark(["--list", "--only", "listing-400", "--only", "start-up"])

        self.assertEqual(0, status)
        self.assertEqual(
            ["start-up", "listing-400"],
            [line.partition(":")[0] for line in output.getvalue().splitlines() if not line.startswith(" ")],
        )


class TestHeading(unittest.TestCase):
    def test_has_the_date_the_interpreter_and_the_versions_but_no_path(self) -> None:
        text = main.heading({"peers": PEERS}, 5, datetime.date(2025, 1, 31))

        self.assertRegex(text, r"^2025-01-31, cpython 3\.11\.7, ")
        self.assertIn("published: zope.testrunner 8.3; pytest 9.0; median of 5", text)
        self.assertNotIn("/x", text)
