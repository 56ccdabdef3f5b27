"""Every option of the command line with a good value and with bad ones, in real runs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
import unittest
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import support
from zope.testrunner import options

#: Words for a good use of each option, by its first spelling, and words for bad ones with what is to be said about them.
#: Flags that are missing take no value, which is tried for all of them.  There may be more here than the parser has.
USES: dict[str, tuple[list[str], dict[str, str]]] = {
    "--package": (["-s", "pkg"], {"-s no.such": "Cannot import package 'no.such'"}),
    "--module": (["-m", "pkg"], {"-m [": r"argument --module/-m: '\[' is not a regular expression"}),
    "--test": (["-t", "!x"], {"-t ![": r"argument --test/-t: '\[' is not a regular expression"}),
    "--layer": (["--layer", "Unit"], {"--layer (": r"argument --layer: '\(' is not a regular expression"}),
    "-a": (["-a", "2"], {"-a x": "argument -a/--at-level: 'x' is not a whole number", "-a -1": "expected one argument"}),
    "--only-level": (["--only-level", "1"], {"--only-level 1.5": "'1.5' is not a whole number"}),
    "--load-list": (
        ["--load-list", "ids.txt"],
        {"--load-list no/such": "--load-list no/such: cannot read it", "--load-list=": "the name of the file is empty"},
    ),
    "--format": (
        ["--format", "event-log=log"],
        {
            "--format nope": "--format nope: there is no format of that name",
            "--format =x": "'=x' is not NAME or NAME=FILE",
            "--format junit=tests.py/x": "cannot write",
            "--format text --format junit": "both write to standard output",
        },
    ),
    "--subunit": (["--subunit"], {"--subunit --subunit-v2": "You may only use one of --subunit and --subunit-v2."}),
    "--subunit-layers": (["--subunit-layers", "failures"], {"--subunit-layers x": "invalid choice: 'x'"}),
    "--slow-test": (["--slow-test", "0.5"], {"--slow-test x": "'x' is not a number", "--slow-test nan": "'nan' is not a"}),
    "--ndiff": (["--ndiff"], {"--ndiff --udiff": "Can only give one of --ndiff, --udiff, or --cdiff"}),
    "--ignore-new-thread": (
        ["--ignore-new-thread", "pool-"],
        {"--ignore-new-thread *": r"'\*' is not a regular expression: nothing to repeat"},
    ),
    "--auto-progress": (["--auto-progress"], {"--auto-pr": "--auto-progress has to be written in full"}),
    "--auto-color": (["--auto-color"], {"--auto-c": "--auto-color has to be written in full"}),
    "--xml": (["--xml", "out"], {"--xml tests.py": "cannot write tests.py", "--xml=": "the name of the directory is empty"}),
    "--junit-xml": (
        ["--junit-xml", "out.xml"],
        {"--junit-xml .": "--junit-xml .: cannot write .: Is a directory", "--junit-xml=": "the name of the file is empty"},
    ),
    "--event-log": (
        ["--event-log", "out.log"],
        {"--event-log .": "--event-log .: cannot write .", "--event-log=": "the name of the file is empty"},
    ),
    "--gc": (
        ["--gc", "700", "-g", "10"],
        {
            "--gc x": "argument --gc/-g: 'x' is not a whole number",
            "--gc=-1": "'-1' is not a threshold",
            "--gc=99999999999": "'99999999999' is not a threshold",
            "-g1 -g1 -g1 -g1": "Too many --gc options",
        },
    ),
    "--gc-option": (
        ["-G", "DEBUG_UNCOLLECTABLE"],
        {
            "-G LOUD": "argument --gc-option/-G: invalid choice: 'LOUD'",
            "-G DEBUG_OBJECTS": "DEBUG_OBJECTS is not a flag of Python's garbage collector any more; there are DEBUG_STATS",
        },
    ),
    "--repeat": (["-N", "2"], {"-N x": "'x' is not a whole number", "--repeat=-1": "tests cannot be repeated -1 times"}),
    "--report-refcounts": (["-r", "-N2"], {"-r": r"You must use the --repeat \(-N\) option"}),
    "--leaks": (
        ["--leaks", "3:6"],
        {
            "--leaks=x": "'x' is not STAB:RUN, such as 5:4",
            "--leaks=1:0": "'1:0' is not STAB:RUN",
            "--leaks=1:99999999999999999999": "more runs than can be counted",
        },
    ),
    "--leaks-report-only": (["--leaks", "--leaks-report-only"], {"--leaks-report-only": "add --leaks to find any"}),
    "--leaks-baseline": (
        ["--leaks", "--leaks-baseline", "known.json", "--leaks-baseline-update"],
        {
            "--leaks --leaks-baseline no/such": "There is no file no/such",
            "--leaks-baseline x": "add --leaks to find any",
            "--leaks --leaks-baseline=": "the name of the file is empty",
        },
    ),
    "--leaks-baseline-update": (
        ["--leaks", "--leaks-baseline-update", "--leaks-baseline", "known.json"],
        {"--leaks --leaks-baseline-update": "--leaks-baseline-update needs the name of the file"},
    ),
    "--rss-limit": (["--rss-limit", "1GB"], {"--rss-limit x": "'x' is not a size such as 10MB"}),
    "--rss-log": (
        ["--rss-log", "rss.csv"],
        {"--rss-log .": r"Cannot write \. \(--rss-log\)", "--rss-log=": "the name of the file is empty"},
    ),
    "--memory-total-limit": (["--memory-total-limit", "90GB"], {"--memory-total-limit 0": "'0' is not a size such as"}),
    "--report-retained": (["--report-retained", "1kB"], {"--report-retained=1TT": "'1TT' is not a size such as 10MB"}),
    "--path": (["--path", "pkg"], {}),
    "--test-path": (["--test-path", "pkg"], {}),
    "--package-path": (["--package-path", "pkg", "pkg"], {"--package-path pkg": "expected 2 arguments"}),
    "--tests-pattern": (["--tests-pattern", "^tests$"], {"--tests-pattern [": r"'\[' is not a regular expression"}),
    "--suite-name": (
        ["--suite-name", "suite"],
        {"--suite-name a-b": "'a-b' cannot be the name of a function", "--suite-name=": "'' cannot be the name of"},
    ),
    "--test-file-pattern": (["--test-file-pattern", "x"], {"--test-file-pattern [": r"'\[' is not a regular expression"}),
    "--ignore_dir": (["--ignore_dir", "x"], {"--ignore_dir=": "the name of the directory is empty"}),
    "--shuffle-seed": (
        ["--shuffle", "--shuffle-seed", "3"],
        {"--shuffle-seed x": "'x' is not a whole number", "--shuffle-seed 3": "add --shuffle"},
    ),
    "-j": (["-j", "1"], {"-j x": "'x' is (not|neither) a whole number", "-j 0": "0 processes cannot run tests"}),
    "--subunit-unexpected": (
        ["--subunit-v2", "--subunit-unexpected", "failure"], {"--subunit-unexpected x": "invalid choice: 'x'"}
    ),
    "--start-method": (["--start-method", "spawn"], {"--start-method x": "invalid choice: 'x'"}),
    "--timeout": (["--timeout", "60"], {"--timeout x": "'x' is not a number of seconds", "--timeout=-1": "no time limit"}),
    "--layer-timeout": (["--layer-timeout", "60"], {"--layer-timeout x": "'x' is not a number of seconds"}),
    "--shard": (["--shard", "1/1"], {"--shard 3/2": "shard", "--shard x": "shard"}),
    "--durations": (["--durations", "3"], {"--durations x": "'x' is not a whole number"}),
    "--history": (["--history", "kept"], {}),
    "--last-failed": (["--last-failed", "--history", "kept"], {"--last-failed --no-history": "--last-failed needs what is"}),
    "--failed-first": (
        ["--failed-first", "--history", "kept"], {"--failed-first --no-history": "--failed-first needs what is"}
    ),
    "--coverage": (["--coverage", "cover"], {}),
    "--profile": (["--profile", "cProfile"], {"--profile x": "invalid choice: 'x'"}),
    "--profile-directory": (["--profile", "cProfile", "--profile-directory", "prof"], {}),
    "--post-mortem": (["-D"], {}),
}

#: What has always been told with status 1: it is not how the words are put, but the run that cannot be done.
STATUS_ONE = (
    "Cannot import package", "You may only use one of", "You must use the", "Can only give one of", "Too many --gc",
    "DEBUG_OBJECTS is not", "There is no file",
)  # fmt: skip

#: Runs command lines in copies of one process that has everything imported already, and says what came of each.
_MANY = """
    import json, os, sys
    import zope.testrunner, zope.testrunner.runner
    answers = []
    for number, words in enumerate(json.load(sys.stdin)):
        child = os.fork()
        if not child:
            folder = f"run-{number}"
            os.mkdir(folder)
            for name, descriptor in ("out", 1), ("err", 2):
                opened = os.open(f"{folder}.{name}", os.O_WRONLY | os.O_CREAT)
                os.dup2(opened, descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            status = 99
            try:
                sys.argv = ["test", *words]
                zope.testrunner.run(["--test-path", "."], sys.argv)
            except SystemExit as error:
                status = int(error.code or 0)
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(status)
        _, state = os.waitpid(child, 0)
        texts = []
        for name in ("out", "err"):
            with open(f"run-{number}.{name}", encoding="utf-8", errors="replace") as stream:
                texts.append(stream.read())
        answers.append((os.waitstatus_to_exitcode(state), *texts))
    json.dump(answers, sys.stdout)
"""


class Answer(NamedTuple):
    """What a run said."""

    status: int
    out: str
    err: str


def run_many(lines: list[list[str]]) -> list[Answer]:
    """Run these command lines in a small project."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pkg").mkdir()
        for path in ("pkg/__init__.py", "ids.txt"):
            (folder / path).write_text("", encoding="utf-8")
        tests = "import unittest\nclass TestThing(unittest.TestCase):\n    def test_one(self):\n        pass\n"
        for path in ("tests.py", "pkg/tests.py"):
            (folder / path).write_text(tests, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_MANY)],
            input=json.dumps(lines),
            cwd=folder,
            env=support.environment() | {"PYTHONPATH": f"{folder}{os.pathsep}{support.environment()['PYTHONPATH']}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return [Answer(*answer) for answer in json.loads(done.stdout)]


def table() -> dict[str, argparse.Action]:
    """The options of the parser by their first spelling, but for the one that shows the help."""
    actions = (action for action in options.parser._actions if action.option_strings and action.dest != "help")
    return {action.option_strings[0]: action for action in actions}


def takes_value(action: argparse.Action) -> bool:
    """Whether something has to follow."""
    return action.nargs != 0 and action.nargs != "?"


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class TestEveryOption(unittest.TestCase):
    """No option of ``-h`` is without effect on good values, and none answers a bad one with a traceback."""

    maxDiff = None

    def test_each_is_in_the_table(self) -> None:
        """An option with a value that is new needs a good and a bad one here."""
        missing = [flag for flag, action in table().items() if action.type is not None and flag not in USES]

        self.assertEqual([], missing)

    def test_good_values(self) -> None:
        # What asks a person is tried elsewhere.
        left_out = {"--post-mortem"}
        if find_spec("coverage") is None:
            left_out |= {"--coverage"}
        lines = {flag: USES.get(flag, ([flag], {}))[0] for flag in table() if flag not in left_out}
        for flag, answer in zip(lines, run_many(list(lines.values())), strict=True):
            with self.subTest(flag):
                # A list of ids that is empty selects nothing; no file of results is in the way of others.
                self.assertEqual(0, answer.status, answer)
                self.assertNotIn("Traceback", answer.err)
                self.assertNotIn("error", answer.err.lower())

    def test_bad_values(self) -> None:
        cases = []
        for flag, action in table().items():
            for words, text in USES.get(flag, ([], {}))[1].items():
                cases.append((words.split(" "), text))
            if takes_value(action):
                cases.append(([flag], f"argument {'/'.join(action.option_strings)}: expected "))
            elif action.nargs == 0 and flag.startswith("--"):
                text = f"argument {'/'.join(action.option_strings)}: ignored explicit argument 'x'"
                cases.append(([f"{flag}=x"], text))
        for (words, text), answer in zip(cases, run_many([words for words, _ in cases]), strict=True):
            with self.subTest(" ".join(words)):
                said = answer.err if answer.status == 2 else answer.out
                self.assertEqual(1 if any(known in said for known in STATUS_ONE) else 2, answer.status, answer)
                self.assertRegex(said, text)
                self.assertNotIn("Traceback", answer.err + answer.out)
                self.assertNotIn("Ran ", answer.out)
                self.assertEqual("", answer.out if answer.status == 2 else answer.err)
                last = said.strip().splitlines()[-1]
                if answer.status == 2:
                    # The usage may come before it, and nothing after it.
                    self.assertRegex(last, "^[^ ]+: error: ")

    def test_words_that_are_no_options(self) -> None:
        lines = ["--frob", "a b c", "[", "-Z", "--verb=3", "--no", "--resume-layer x", "x --resume-layer y 1", "-- -v -w x"]
        for words, answer in zip(lines, run_many([line.split() for line in lines]), strict=True):
            with self.subTest(words):
                self.assertEqual((2, ""), (answer.status, answer.out), answer)
                self.assertRegex(answer.err.strip().splitlines()[-1], "^[^ ]+: error: ")
                self.assertNotIn("Traceback", answer.err)

    def test_the_help_shows_each(self) -> None:
        """Whatever is tried here is in the help."""
        [answer] = run_many([["--help"]])
        shown = {word.rstrip(",") for line in answer.out.splitlines() if line.startswith("  -") for word in line.split()}

        for flag in table():
            with self.subTest(flag):
                self.assertIn(flag, shown)
