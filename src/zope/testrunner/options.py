"""The command line: tables of options, and from words to a namespace.

`parser` and its five groups are public, so that projects can add options of their own to them or change defaults before
the run.  They are made when somebody asks for them, as most command lines can be read without.  `get_options` turns words
into a namespace of attributes; it prints nothing (only ``-h`` does, by argparse), makes no formatter and imports no test.
`zope.testrunner.core.config.Config` is the typed view of what it returns.

The version is not asked for here: with ``--version`` the namespace has a true ``showversion``, and the runner prints the
version and ends.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableSequence, Sequence

from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.plain_options import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

#: Directories that hold the files of version control systems; never entered.
IGNORED_DIRECTORIES = (".git", ".svn", "CVS", "{arch}", ".arch-ids", "_darcs")

#: The layer filter that ``--unit`` stands for.
_UNIT_TESTS = "zope.testrunner.layer.UnitTests"


class CommandLineError(UsageError):
    """The words of the command line make no sense.

    ``usage`` is the summary of the command line, ending in a line end, to be shown before the message.
    """

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Lays out the help, in the width of the terminal found without `shutil`.

    argparse makes a formatter while options are being defined, and the modules for archives and compression that
    ``shutil`` imports would be a third of the time that the whole parser takes.
    """
    return argparse.HelpFormatter(prog, max_help_position=26, width=_columns() - 2)


def _columns() -> int:
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            columns = 0
    # Beyond this, lines of prose are too long to read; below, there is no room beside the options.
    return max(40, min(columns, 120)) if columns > 0 else 80


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the program, so that the runner decides who is told."""

    def error(self, message: str) -> NoReturn:
        raise CommandLineError(message, self.format_usage())

    def parse_args(  # type: ignore[override]  # which is about namespaces of other kinds
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """The namespace; words that are no option of this parser are an error that names the nearest one."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._nearest(unknown)}")
        return found

    def _nearest(self, words: Sequence[str]) -> str:
        """What the first of these words that looks like a long option may have been meant to be."""
        wanted = next((word.partition("=")[0] for word in words if word.startswith("--")), None)
        if wanted is None:
            return ""
        import difflib

        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.7)
        return f"; did you mean {near[0]}?" if near else ""


class _Help(argparse.Action):
    """``-h`` shows the options that are used most, ``--help`` all of them; either ends the program."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> NoReturn:
        text = _short_help(parser) if option_string == "-h" else parser.format_help()
        sys.stdout.write(text)
        parser.exit()


def _short_help(parser: argparse.ArgumentParser) -> str:
    """What fits on one screen: the usage, and the options that are used most."""
    return f"{parser.format_usage()}\n{_FIRST_SCREEN}\n{parser.prog} --help explains these and all others.\n"


# Types of values.  argparse shows the text of an ArgumentTypeError together with the name of the option.


def _pattern(text: str) -> str:
    """A regular expression that may begin with ``!``, as it is."""
    _compiled(text.removeprefix("!"))
    return text


def _plain_pattern(text: str) -> str:
    """A regular expression, as it is."""
    _compiled(text)
    return text


def _search(text: str) -> Callable[[str], re.Match[str] | None]:
    """The search function of a regular expression."""
    return _compiled(text).search


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a regular expression: {error}") from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _times(text: str) -> int:
    number = _whole_number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"tests cannot be repeated {number} times; give 1 or more")
    return number


def _threshold(text: str) -> int:
    """A threshold of the garbage collector, which keeps it in a C ``int``."""
    number = _whole_number(text)
    if not 0 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a threshold: a number of objects from 0 to {2**31 - 1}")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if seconds != seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _attribute(text: str) -> str:
    """What can be looked up in a module."""
    if not text.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be the name of a function")
    return text


def _file(text: str) -> str:
    """The name of a file; whether it can be read or written is found out when that is done."""
    if not text:
        raise argparse.ArgumentTypeError("the name of the file is empty")
    return text


def _directory(text: str) -> str:
    """The name of a directory."""
    if not text:
        raise argparse.ArgumentTypeError("the name of the directory is empty")
    return text


def _limit(text: str) -> float | None:
    """A time limit; 0 is none."""
    seconds = _seconds(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time limit; give a number of seconds, 0 for none")
    return seconds


def _processes(text: str) -> int:
    if text != "auto":
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number nor 'auto'") from None
        if number < 1:
            raise argparse.ArgumentTypeError(f"{number} processes cannot run tests; give 1 or more, or 'auto'")
        return number
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _number_shown(text: str) -> int:
    number = _whole_number(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} durations cannot be shown; give a number, or 0 for all")
    return number


def _format(text: str) -> str:
    """``NAME`` or ``NAME=FILE``; whether there is a format of that name is found out when it is made."""
    if not text.partition("=")[0]:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME or NAME=FILE, such as junit=results.xml")
    return text


#: A reading of each run is kept, in arrays that are made before the first one.
_DIGITS_OF_RUNS = 6


def _stab_run(text: str) -> str:
    """``STAB:RUN`` of --leaks; nothing at all stands for as many runs as it takes, ``watch`` for none but the usual one."""
    if text and text != "watch" and not re.fullmatch(r"\d*:(0*[1-9]\d*)?", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not STAB:RUN, such as 5:4, where either number may be left out and RUN is at least 1; "
            "nor is it watch"
        )
    if any(len(number.lstrip("0")) > _DIGITS_OF_RUNS for number in text.split(":")):
        raise argparse.ArgumentTypeError(f"{text!r} is more runs than can be counted; give less than 10**{_DIGITS_OF_RUNS}")
    return text


def _size(text: str) -> int:
    """A number of bytes, such as ``10MB`` or ``1.5 GiB``."""
    from zope.testrunner.system.byte_sizes import bytes_of

    try:
        return bytes_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _Option:
    """A row of a table: how an option is spelled, what argparse does with it, and what the help says."""

    __slots__ = ("flags", "settings")

    def __init__(self, flags: tuple[str, ...], settings: dict[str, Any]) -> None:
        self.flags = flags
        self.settings = settings


def _row(*flags: str, help: str, **settings: object) -> _Option:
    return _Option(flags, {"help": help, **settings})


def _flag(*flags: str, help: str, **settings: object) -> _Option:
    return _row(*flags, help=help, action="store_true", **settings)


#: The debug flags of the garbage collector, those included that Python once had.
_GC_OPTIONS = (
    "DEBUG_STATS", "DEBUG_COLLECTABLE", "DEBUG_UNCOLLECTABLE", "DEBUG_INSTANCES", "DEBUG_OBJECTS", "DEBUG_SAVEALL",
    "DEBUG_LEAK",
)  # fmt: skip

_REGEX = (
    "The text is a regular expression, case-sensitive, and it may match anywhere. "
    "With a leading '!' it selects what it does not match. "
    "May be given several times: what any of them selects is taken, except what one with '!' rejects."
)

_SEARCHING = (
    _row(
        "--package", "--dir", "-s", dest="package", metavar="PACKAGE", action="append",
        help="Look for tests only in this package and below; may be given several times. A dotted name, or a directory "
        "below the search paths. The package is imported. Of a package in several directories, those on the search paths "
        "are looked at.",
    ),
    _row(
        "--module", "-m", dest="module", metavar="MODULE", action="append", type=_pattern,
        help=f"Run only tests of modules whose dotted name matches; other modules are not even imported. {_REGEX}",
    ),
    _row(
        "--test", "-t", dest="test", metavar="TEST", action="append", type=_pattern,
        help="Run only tests whose name matches, as shown by --list-tests or -vv: the method and its class for a "
        f"test case, the file for a document. {_REGEX}",
    ),
    _flag(
        "--unit", "-u", dest="unit",
        help="Run only unit tests, that is tests without a layer; any --layer is ignored.",
    ),
    _flag(
        "--non-unit", "-f", dest="non_unit",
        help="Run all tests but unit tests. Together with -u, both are ignored.",
    ),
    _row(
        "--layer", dest="layer", metavar="LAYER", action="append", type=_pattern,
        help="Run only layers whose dotted name matches; unit tests count as a layer named "
        f"{_UNIT_TESTS}. {_REGEX}",
    ),
    _row(
        "-a", "--at-level", dest="at_level", metavar="LEVEL", type=_whole_number, default=1,
        help="Run the tests up to this level (default: 1, the level of a test that says nothing else). "
        "0 or less runs the tests of all levels. A negative number is written with an equals sign: --at-level=-1.",
    ),
    _flag("--all", dest="all", help="Run the tests of all levels."),
    _row(
        "--only-level", dest="only_level", metavar="LEVEL", type=_whole_number,
        help="Run the tests of exactly this level, whatever -a and --all say.",
    ),
    _row(
        "--load-list", dest="load_list", metavar="FILE", type=_file,
        help="Run only tests whose ids are in this file, one on each line; - is standard input. Ids are those of subunit "
        "streams and other reports for programs. The id of something that is no test, such as the set-up of a layer, "
        "stands for the tests that need it.",
    ),
    _flag(
        "--last-failed", dest="last_failed",
        help="Run only tests that failed when they were last run; all tests, if none of those that were found did. "
        "Where that is remembered, see --history.",
    ),
    _row(
        "--shard", dest="shard", metavar="K/N",
        help="Run one of N parts of the tests, the K-th (from 1): all N runs together run each test once. Layers stay whole "
        "unless they may be divided; parts are of equal duration as far as durations are known (--history), else of equal "
        "number. Also read from the environment variables TEST_SHARD_INDEX (from 0) and TEST_TOTAL_SHARDS.",
    ),
    _flag("--list-tests", dest="list_tests", help="Show which tests would be run, by layer, and run none of them."),
    _flag(
        "--require-unique", dest="require_unique_ids",
        help="Refuse to run anything when two tests have the same name. Not checked when a module filter is given.",
    ),
    _flag(
        "--require-tests", dest="require_tests",
        help="End with status 5 when no test is selected, so that a misspelled filter cannot pass as a success.",
    ),
    _flag(
        "--auto-path", dest="auto_path",
        help="Search a package given with -s also when its directory is outside of all search paths.",
    ),
)

_REPORTING = (
    _row(
        "--verbose", "-v", dest="verbose", action="count", default=0,
        help="Show more; adds up. Once: a dot per test and the names of failed tests at the end; twice: the name of each "
        "test; three times: also how long it took and why it was skipped.",
    ),
    _flag("--quiet", "-q", dest="quiet", help="Show as little as possible, however many -v there are."),
    _flag("--progress", "-p", dest="progress", help="Show how many tests of how many have been started, on one line."),
    _row(
        "--no-progress", dest="progress", action="store_false",
        help="Do not show progress. That is the default; use it to undo an earlier -p.",
    ),
    _row(
        "--auto-progress", dest="auto_progress", action="store_const", const=True,
        help="Show progress if the output goes to a terminal.",
    ),
    _flag("--color", "-c", dest="color", help="Use colours."),
    _row(
        "--no-color", "-C", dest="color", action="store_false",
        help="Do not use colours. That is the default; use it to undo an earlier -c.",
    ),
    _row(
        "--auto-color", dest="auto_color", action="store_const", const=True,
        help="Use colours if the output goes to a terminal that has them. Where the command line says nothing of colours, "
        "the environment variables NO_COLOR and FORCE_COLOR do.",
    ),
    _row(
        "--format", dest="formats", metavar="NAME[=FILE]", action="append", type=_format, default=[],
        help="Write the results in this format, to the file or to standard output; may be given several times, with one "
        "format at most on standard output. There are text, color, subunit, subunit-v2, junit, xml, event-log, github, and "
        "what other packages add.",
    ),
    _flag(
        "--subunit", dest="subunit",
        help="Write a subunit stream, version 1, for other programs to read; needs the extra 'subunit'. Implies --buffer.",
    ),
    _flag(
        "--subunit-v2", dest="subunit_v2",
        help="Write a subunit stream, version 2, for other programs to read; needs the extra 'subunit'. Implies --buffer.",
    ),
    _row(
        "--subunit-layers", dest="subunit_layers", metavar="WHEN", choices=("always", "failures"), default="always",
        help="Which things that are no tests are in subunit streams: set-ups and tear-downs of layers, readings and "
        "notices. Programs count them as tests. 'always', as ever, or 'failures': only those that went wrong. "
        "(default: %(default)s)",
    ),
    _row(
        "--subunit-unexpected", dest="subunit_unexpected", metavar="STATUS", choices=("success", "failure"),
        default="success",
        help="What a test is in a subunit stream, version 2, that was expected to fail and passed: 'success' is the "
        "unexpected success that the format has a word for, which some programs count as passed, and 'failure' what "
        "the exit status of the run says. (default: %(default)s)",
    ),
    _row(
        "--durations", dest="durations", metavar="N", type=_number_shown,
        help="At the end, list the N tests, set-ups and tear-downs of layers that took longest; 0 lists all.",
    ),
    _row(
        "--slow-test", dest="slow_test_threshold", metavar="N", type=_seconds, default=10,
        help="With -c and -vvv, highlight the times of tests that take N seconds or longer (default: %(default)s).",
    ),
    _flag(
        "-1", "--hide-secondary-failures", dest="report_only_first_failure",
        help="Report only the first failing example of a doctest. The later examples are run all the same, as some of "
        "them may clean up.",
    ),
    _row(
        "--show-secondary-failures", dest="report_only_first_failure", action="store_false",
        help="Report all failing examples of a doctest. That is the default; use it to undo an earlier -1.",
    ),
    _flag("--ndiff", dest="ndiff", help="Show a doctest failure as a diff that marks the characters that differ."),
    _flag("--udiff", dest="udiff", help="Show a doctest failure as a unified diff."),
    _flag("--cdiff", dest="cdiff", help="Show a doctest failure as a context diff."),
    _row(
        "--ignore-new-thread", dest="ignore_new_threads", metavar="REGEXP", action="append", default=[],
        type=_plain_pattern,
        help="Do not report a thread that a test leaves behind if the beginning of its name matches this regular "
        "expression; may be given several times.",
    ),
    _flag(
        "--buffer", dest="buffer",
        help="Hold back what each test writes to standard output and standard error, and show it only if the test "
        "fails.",
    ),
    _row(
        "--xml", dest="xmlOutput", metavar="DIRECTORY", type=_directory,
        help="Write reports in the XML format of JUnit, one for each class or document, to the folder testreports of this "
        "directory.",
    ),
    _row(
        "--junit-xml", dest="junit_xml", metavar="FILE", type=_file,
        help="Write one report in the XML format of JUnit to this file, for continuous integration servers.",
    ),
    _row(
        "--event-log", dest="event_log", metavar="FILE", type=_file,
        help="Record the run in this file as lines of JSON; 'replay FILE' in place of all other arguments, before options, "
        "makes any other format of it.",
    ),
)

_ANALYSIS = (
    _flag(
        "--stop-on-error", "--stop", "-x", dest="stop_on_error",
        help="Stop after the first failure or error: no further test, repetition or layer is run.",
    ),
    _flag(
        "--post-mortem", "--pdb", "-D", dest="post_mortem",
        help="Enter the debugger at the first problem, where it happened; the run ends with the debugging session.",
    ),
    _row(
        "--gc", "-g", dest="gc", metavar="N", action="append", type=_threshold,
        help="Set the threshold of the cyclic garbage collector; give it up to three times for the three generations. "
        "A first value of 0 switches the collector off, 1 makes it run as often as possible, which brings crashes in "
        "extension modules to light.",
    ),
    _row(
        "--gc-option", "-G", dest="gc_option", metavar="NAME", action="append",
        choices=_GC_OPTIONS,
        help="Set a debug flag of the garbage collector; may be given several times. One of %(choices)s.",
    ),
    *(
        (
            _flag(
                "--gc-after-test", dest="gc_after_test",
                help="Collect garbage after each test, and tell how many objects in cycles that freed: '!' with -v, "
                "the number with -vv, the cycles themselves with -vvvv.",
            ),
        )
        if sys.implementation.name != "pypy"
        else ()
    ),
    _row(
        "--repeat", "-N", dest="repeat", metavar="N", type=_times, default=1,
        help="Run the tests of each layer N times in a row, with one set-up and one tear-down. Shows whether tests leave "
        "things as they found them; with -r, whether they leak.",
    ),
    _flag(
        "--report-refcounts", "-r", dest="report_refcounts",
        help="After each repetition but the first, report how the memory in use has changed: the sum of all reference "
        "counts on a debug build of Python, the number of allocated blocks otherwise. With -v, also by type. "
        "Needs -N 2 or more; tests that do not leak show no change.",
    ),
    _row(
        "--leaks", dest="leaks", metavar="STAB:RUN|watch", nargs="?", const="", type=_stab_run,
        help="Repeat each test to find out whether it leaks: memory, objects, references, file descriptors, threads. A leak "
        "is a problem of the test and fails the run. Each test is run as often as it takes, once if it changes nothing; "
        "with --leaks=5:4, five times to settle down and four more times of which every one has to grow. --leaks=watch runs "
        "nothing again: it reads around each test, fixture and layer, and lists those after which something stayed.",
    ),
    _flag(
        "--leaks-layers", dest="leaks_layers",
        help="Repeat the set-up and tear-down of each layer to find out whether they leak.",
    ),
    _flag(
        "--leaks-report-only", dest="leaks_report_only",
        help="Report leaks without failing the run for them.",
    ),
    _row(
        "--no-leaks-explain", dest="leaks_explain", action="store_false", default=True,
        help="Do not find out what leaks, where it was allocated and why it is alive; that takes some more runs of each "
        "leaking test.",
    ),
    _row(
        "--leaks-baseline", dest="leaks_baseline", metavar="FILE", type=_file,
        help="Tolerate the leaks that are listed in this file, by test and by what leaks, so that only new ones fail the "
        "run.",
    ),
    _flag(
        "--leaks-baseline-update", dest="leaks_baseline_update",
        help="Write the leaks of this run to the file of --leaks-baseline, for the tests that it ran.",
    ),
    _row(
        "--rss-limit", dest="rss_limit", metavar="SIZE", type=_size,
        help="Run a test again if it made the process larger by more than this, such as 10MB; growth that repeats is "
        "reported and fails the run.",
    ),
    _row(
        "--rss-log", dest="rss_log", metavar="FILE", type=_file,
        help="Write the memory of the process before and after each test to this file, as comma-separated values if its "
        "name ends in .csv, else as lines of JSON.",
    ),
    _row(
        "--memory-total-limit", dest="memory_total_limit", metavar="SIZE", type=_size,
        help="Stop the run in good order when the process has become larger than this.",
    ),
    _row(
        "--report-retained", dest="report_retained", metavar="SIZE", nargs="?", const=1_000_000, type=_size,
        help="Name tests that leave attributes on themselves which hold more than this, 1MB if it is not given.",
    ),
    _row(
        "--coverage", dest="coverage", metavar="DIRECTORY",
        help="Measure with coverage.py which lines below the search paths, or in the packages of --package, are executed; "
        "print a summary, and write the data and pages with the sources to this directory. The project's configuration of "
        "coverage.py holds.",
    ),
    _row(
        "--profile", dest="profile", metavar="NAME", choices=("cProfile",),
        help="Run the tests under a profiler (cProfile is the one there is) and print the 50 functions that took longest.",
    ),
    _row(
        "--profile-directory", dest="prof_dir", metavar="DIRECTORY", default=".",
        help="Where the profiler keeps its files. Those named tests_profile.*.prof are removed from there first, so "
        "runs at the same time need different directories. (default: %(default)s)",
    ),
)

_SETUP = (
    _row(
        "--path", dest="path", metavar="PATH", action="append", type=os.path.abspath, default=[],
        help="Search this directory for tests, and make what is in it importable by putting it at the front of "
        "sys.path; may be given several times.",
    ),
    _row(
        "--test-path", dest="test_path", metavar="PATH", action="append", type=os.path.abspath, default=[],
        help="Search this directory for tests, without changing sys.path; may be given several times.",
    ),
    _row(
        "--package-path", dest="package_path", metavar=("PATH", "PACKAGE"), action="append", nargs=2,
        help="Search this directory for tests, knowing that what is in it is imported as part of this package; for "
        "packages that are put together from several places. May be given several times.",
    ),
    _row(
        "--tests-pattern", dest="tests_pattern", metavar="REGEX", type=_search, default="^tests$",
        help="What modules and packages with tests are called, as a regular expression that may match anywhere in the "
        "last part of the name (default: %(default)s). In a package, --test-file-pattern says which modules it is about.",
    ),
    _row(
        "--suite-name", dest="suite_name", metavar="NAME", type=_attribute, default="test_suite",
        help="The function of a test module that returns its tests (default: %(default)s). A module without it is "
        "searched for test cases as unittest does.",
    ),
    _row(
        "--test-file-pattern", dest="test_file_pattern", metavar="REGEX", type=_search, default="^test",
        help="What modules with tests are called in a package of tests, as a regular expression (default: %(default)s).",
    ),
    _row(
        "--ignore_dir", dest="ignore_dir", metavar="NAME", action="append", type=_directory,
        default=list(IGNORED_DIRECTORIES),
        help="Never look into directories of this name; may be given several times. The directories of version control "
        f"systems ({', '.join(IGNORED_DIRECTORIES)}) are always ignored.",
    ),
    _flag(
        "--shuffle", dest="shuffle",
        help="Run the tests of each layer in random order. Tests of a class or module with fixtures stay together.",
    ),
    _row(
        "--shuffle-seed", dest="shuffle_seed", metavar="SEED", type=_whole_number,
        help="With --shuffle, use the order that belongs to this number; each shuffled run reports its own at the end.",
    ),
    _flag(
        "--failed-first", dest="failed_first",
        help="In each layer, begin with the tests that failed when they were last run. Where that is remembered, see "
        "--history.",
    ),
    _row(
        "--history", dest="history", metavar="DIRECTORY",
        help="Remember in this directory what failed and how long tests took; by default in .testrunner, which is made "
        "by the first run that has a problem or uses several processes, and may be deleted at any time. Also read from the "
        "environment variable ZOPE_TESTRUNNER_HISTORY.",
    ),
    _row(
        "--no-history", dest="history", action="store_const", const="",
        help="Neither read nor write what is remembered of earlier runs.",
    ),
)

_OTHER = (
    _flag("--version", dest="showversion", help="Show the version of the test runner."),
    _row(
        "-j", dest="processes", metavar="PROCESSES", type=_processes, default=1,
        help="Run tests in up to this many child processes at the same time, 'auto' for one on each processor "
        "(default: %(default)s, the process of the run itself). The report is that of an ordinary run. Unit tests, and "
        "those of layers with "
        "splittable = True, are divided; any other layer is run by one process.",
    ),
    _row(
        "--start-method", dest="start_method", choices=("fork", "spawn"),
        help="How child processes are made: as copies of this one when it has imported all tests, which is fast and the "
        "default where it is possible, or by starting the same command anew.",
    ),
    _flag(
        "--isolate", dest="isolate",
        help="Run the tests in a child process. If one takes the process down, it is reported and the others are run all "
        "the same. -j does so as well.",
    ),
    _row(
        "--timeout", dest="timeout", metavar="SECONDS", type=_limit,
        help="Report a test that takes longer than this as an error, with the stacks of all threads, and go on with the "
        "next one. Implies --isolate. The attribute timeout of a test method or class sets another limit, 0 none.",
    ),
    _row(
        "--layer-timeout", dest="layer_timeout", metavar="SECONDS", type=_limit,
        help="The same for each set-up and tear-down of a layer.",
    ),
    _flag(
        "--keepbytecode", "-k", dest="keepbytecode",
        help="Do not look for stale bytecode. Without it, compiled files below the search paths whose source is gone are "
        "deleted first, as they would hide that a module is missing.",
    ),
    _flag(
        "--usecompiled", dest="usecompiled",
        help="Accept compiled files where there is no source, for trees of which only those were installed. "
        "Implies --keepbytecode.",
    ),
    _flag(
        "--exit-with-status", dest="exitwithstatus",
        help="DEPRECATED: without effect; the exit status always tells whether all tests passed.",
    ),
)

#: The options that are used most, 80 columns wide.
_FIRST_SCREEN = """\
where   --path DIR         look for tests below this directory
which   -s PACKAGE         only in this package  -u             only unit tests
        -m MODULE          only in these modules --layer NAME   these layers
        -t TEST            only these tests      --last-failed
        --list-tests       show them, run none   --shard K/N
                           (MODULE, TEST, NAME: regular expressions, ! negates)
how     -j N|auto          in several processes  -x             stop on error
        --timeout SECONDS  for each test         -D             debugger there
        --shuffle          in random order       --isolate      survive crashes
leaks   -N4 -r             run each layer 4 times, show what a round adds
        --leaks            judge each test, explain what leaks
shown   -v -vv -vvv        more                  -p             progress
        -q                 less                  -c             colours
        --durations N      the slowest           --buffer       of failures only
written --junit-xml FILE   for servers           --subunit-v2   for programs
        --event-log FILE   for `replay`          --coverage DIR
"""

#: The title and the description of each group of options, by the public name of the group.
_GROUPS = {
    "searching": ("Searching and filtering", "Options in this group are used to define which tests to run.", _SEARCHING),
    "reporting": ("Reporting", "Reporting options control basic aspects of test-runner output", _REPORTING),
    "analysis": ("Analysis", "Analysis options provide tools for analysing test output.", _ANALYSIS),
    "setup": (
        "Setup",
        "Setup options are normally supplied by the testrunner script, although they can be overridden by users.",
        _SETUP,
    ),
    "other": ("Other", "Other options", _OTHER),
}

#: The words that stand alone, which are no options.
_POSITIONALS = ("legacy_module_filter", "legacy_test_filter")

#: Where argparse finds the name of the program: it is that of when this module was imported.
_PROGRAM = getattr(sys, "argv", [])[:1] or [""]

# These are made when somebody asks for them: plain command lines are read without.
parser: argparse.ArgumentParser
searching: argparse._ArgumentGroup
reporting: argparse._ArgumentGroup
analysis: argparse._ArgumentGroup
setup: argparse._ArgumentGroup
other: argparse._ArgumentGroup
#: The groups with their options.
TABLES: tuple[tuple[argparse._ArgumentGroup, tuple[_Option, ...]], ...]


def __getattr__(name: str) -> object:
    if name in {"parser", "TABLES", *_GROUPS}:
        _full_parser()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "parser", "TABLES", *_GROUPS})


def _full_parser() -> argparse.ArgumentParser:
    """The parser; from the first call on, all words are read by it, as others may have changed it."""
    made: argparse.ArgumentParser | None = globals().get("parser")
    if made is not None:
        return made
    # A test may have put something in its place.
    present, sys.argv = getattr(sys, "argv", []), _PROGRAM
    try:
        made = _Parser(
            description="Discover and run unittest tests",
            usage="%(prog)s [options] [legacy_module_filter] [legacy_test_filter]\n       %(prog)s replay FILE [options]",
            formatter_class=_formatter,
            add_help=False,
        )
    finally:
        sys.argv = present
    made.add_argument(
        "-h", "--help", action=_Help, nargs=0, dest=argparse.SUPPRESS, default=argparse.SUPPRESS,
        help="Show the options that are used most (-h), or explain all of them (--help).",
    )
    for name, option in zip(_POSITIONALS, ("--module", "--test"), strict=True):
        made.add_argument(name, nargs="?", type=_pattern, help=f"DEPRECATED: Prefer to use {option}.")
    tables = []
    for name, (title, description, table) in _GROUPS.items():
        group = made.add_argument_group(title, description)
        for row in table:
            group.add_argument(*row.flags, **row.settings)
        globals()[name] = group
        tables.append((group, table))
    globals().update(parser=made, TABLES=tuple(tables))
    return made


def _read(words: Sequence[str], options: argparse.Namespace) -> argparse.Namespace:
    """The namespace with what these words say; without making the parser, if they are plain."""
    made: argparse.ArgumentParser | None = globals().get("parser")
    if made is None:
        rows = ((row.flags, row.settings) for _, _, table in _GROUPS.values() for row in table)
        plain = read(rows, words, {**dict.fromkeys(_POSITIONALS), **vars(options)})
        if plain is not None:
            vars(options).update(plain)
            # As argparse does: what is not there is set to its default again.
            vars(options).update(dict.fromkeys(_POSITIONALS))
            return options
        made = _full_parser()
    return made.parse_args(words, options)


def get_options(
    args: MutableSequence[str] | None = None,
    defaults: MutableSequence[str] | None = None,
    *,
    is_terminal: Callable[[], bool] | None = None,
    has_colors: Callable[[], bool] | None = None,
) -> argparse.Namespace:
    """The options that a command line asks for, as attributes of a namespace.

    ``args`` is a full command line with the program name first (None: that of this process); ``defaults`` are words that
    are read before it, so that ``args`` win where there can be one value only.  In both lists, ``--auto-color`` and
    ``--auto-progress`` are replaced by what they mean for the present output, *in place*, so that whoever passes the
    lists on (to a child process) passes on the decision; the two callables tell about the output, and by default look
    at ``sys.stdout`` and its terminal.

    Besides the values of options, the namespace has ``original_testrunner_args`` (``args``), ``prefix`` and ``test_path``
    (pairs of a directory and the package that it belongs to), ``fail`` (False), and ``notices``, texts to show to people.
    It also has ``started_in``, the current directory: paths are as the user gave them, and they are seen from there
    (`zope.testrunner.core.config.from_start`).

    Raises `UsageError` if the run cannot be done as asked; ``status`` is the exit status for it, and texts of those with
    status 1 have always gone to standard output.  Where it is the words that make no sense, it is a `CommandLineError`.
    """
    if args is None:
        args = sys.argv[:]
    if defaults is None:
        defaults = []
    for words in (args, defaults):
        _decide_auto(words, is_terminal or _is_terminal, has_colors or _has_colors)

    options = argparse.Namespace()
    positionals: tuple[str | None, str | None] = (None, None)
    if defaults:
        options = _read(defaults, options)
        positionals = (options.legacy_module_filter, options.legacy_test_filter)
    by_default = getattr(options, "color", False)
    # What the command line says of it is to be told from what the script says.
    options.color = None
    options = _read(args[1:], options)
    if options.color is None:
        forced = _color_of_environment()
        options.color = by_default if forced is None else forced
    if options.legacy_module_filter is None and options.legacy_test_filter is None:
        # argparse sets positionals that are not there to their default again.
        options.legacy_module_filter, options.legacy_test_filter = positionals

    options.original_testrunner_args = args
    options.started_in = _current_directory()
    options.fail = False
    options.notices = []
    _check(options)
    if not options.showversion:
        _complete(options)
    return options


def complaint(error: UsageError) -> str:
    """What to show people about a usage error, without the last line end.

    Misuse of the command line (status 2) looks as argparse would show it and belongs on standard error; the texts of
    status 1 stand as they are.
    """
    if error.status != 2:
        return str(error)
    usage = error.usage if isinstance(error, CommandLineError) else ""
    return f"{usage}{_full_parser().prog}: error: {error}"


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        # It is gone; whoever needs it will say so.
        return os.curdir


def _is_terminal() -> bool:
    # A program without a console has no standard output, and one that is closed cannot be asked.
    isatty = getattr(sys.stdout, "isatty", None)
    return callable(isatty) and not getattr(sys.stdout, "closed", False) and bool(isatty())


def _color_of_environment() -> bool | None:
    """What the variables that many programs heed say about colours, None if nothing.

    See https://no-color.org and https://force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def _has_colors() -> bool:
    from zope.testrunner.report.console.terminfo import terminal_has_colors

    return terminal_has_colors()


def _decide_auto(words: MutableSequence[str], is_terminal: Callable[[], bool], has_colors: Callable[[], bool]) -> None:
    if "--auto-color" in words:
        forced = _color_of_environment()
        wanted = is_terminal() and has_colors() if forced is None else forced
        _replace(words, "--auto-color", "--color" if wanted else "--no-color")
    if "--auto-progress" in words:
        _replace(words, "--auto-progress", "--progress" if is_terminal() else "--no-progress")


def _replace(words: MutableSequence[str], old: str, new: str) -> None:
    words[:] = [new if word == old else word for word in words]


def _check(options: argparse.Namespace) -> None:
    """Raise `UsageError` for what cannot be done."""
    for flag in ("--auto-color", "--auto-progress"):
        if getattr(options, flag[2:].replace("-", "_")):
            # It was abbreviated; what it means is decided before argparse sees it.
            raise CommandLineError(f"{flag} has to be written in full", _full_parser().format_usage())
    if options.showversion:
        return
    if options.subunit and options.subunit_v2:
        raise _refusal("You may only use one of --subunit and --subunit-v2.")
    if options.report_refcounts and options.repeat < 2:
        raise _refusal(
            "You must use the --repeat (-N) option to specify a repeat",
            "count greater than 1 when using the --report_refcounts (-r)",
            "option.",
        )
    if options.report_refcounts and not _has_counters():
        raise _refusal(
            "The Python you are running was not configured",
            "with --with-pydebug. This is required to use",
            "the --report-refcounts option.",
        )
    if options.shuffle_seed is not None and not options.shuffle:
        raise UsageError("--shuffle-seed says in which order --shuffle runs the tests; add --shuffle")
    _check_hunting(options)
    _check_collecting(options)
    _check_children(options)
    if options.ndiff + options.udiff + options.cdiff > 1:
        raise UsageError("Can only give one of --ndiff, --udiff, or --cdiff", status=1, exits=True)


def _check_collecting(options: argparse.Namespace) -> None:
    if options.gc and len(options.gc) > 3:
        raise UsageError("Too many --gc options", status=1, exits=True)
    if not (options.gc or options.gc_option):
        return
    import gc

    if not hasattr(gc, "set_threshold"):
        text = "--gc and --gc-option need a garbage collector like that of CPython, which this Python lacks"
        raise UsageError(text, status=1)
    for name in options.gc_option or ():
        if not hasattr(gc, name):
            known = ", ".join(each for each in _GC_OPTIONS if hasattr(gc, each))
            raise UsageError(f"{name} is not a flag of Python's garbage collector any more; there are {known}", status=1)


_WITHOUT_PROCESSES = ("emscripten", "wasi")


def _check_children(options: argparse.Namespace) -> None:
    """Refuse what needs child processes that can be ended with all that they have started, where there are none."""
    wanted = {
        "-j": options.processes > 1,
        "--isolate": options.isolate,
        "--timeout": options.timeout is not None,
        "--layer-timeout": options.layer_timeout is not None,
    }
    option = next((each for each, is_given in wanted.items() if is_given), None)
    if option is None:
        return
    if sys.platform in _WITHOUT_PROCESSES:
        # The functions are there, and fail.
        raise UsageError(
            f"{option} runs tests in child processes, and there are none in WebAssembly ({sys.platform}); leave it out"
        )
    missing = next((each for each in ("fork", "setpgid", "killpg") if not hasattr(os, each)), None)
    if missing is not None:
        raise UsageError(
            f"{option} runs tests in child processes, which needs a system with os.{missing}, and this one "
            f"({sys.platform}) has none; leave it out"
        )


def _has_counters() -> bool:
    """Whether anything can be read: references, memory blocks, or at least objects."""
    import gc

    return any(map(hasattr, (sys, sys, gc), ("gettotalrefcount", "getallocatedblocks", "get_objects")))


def _check_hunting(options: argparse.Namespace) -> None:
    hunting = options.leaks not in (None, "watch") or options.leaks_layers
    for dest in ("leaks_report_only", "leaks_baseline", "leaks_baseline_update"):
        if getattr(options, dest) and not hunting:
            option = f"--{dest.replace('_', '-')}"
            raise UsageError(f"{option} says what to do with leaks that are found; add --leaks to find any")
    if options.leaks_baseline_update and not options.leaks_baseline:
        raise UsageError("--leaks-baseline-update needs the name of the file: --leaks-baseline FILE")


def _indented(*lines: str) -> str:
    """The layout that these messages have always had, but for the last line end."""
    return "".join(f"        {line}\n" for line in (*lines, "")).removesuffix("\n")


def _refusal(*lines: str) -> UsageError:
    return UsageError(_indented(*lines), status=1)


def _complete(options: argparse.Namespace) -> None:
    """Set what follows from the values of several options."""
    if options.quiet:
        options.verbose = 0
    if options.unit and options.non_unit:
        options.unit = options.non_unit = False
    if options.all:
        options.at_level = sys.maxsize
    if options.usecompiled:
        options.keepbytecode = True

    options.module = list(options.module or ())
    if options.legacy_module_filter not in (None, "."):
        options.module.append(options.legacy_module_filter)
    if options.require_unique_ids and options.module:
        options.notices.append(
            _indented(
                "You specified a module along with --require-unique;",
                "--require-unique will not try to enforce test ID uniqueness when",
                "working with a specific module.",
            )
        )
        options.require_unique_ids = False
    options.test = list(options.test or ())
    if options.legacy_test_filter is not None:
        options.test.append(options.legacy_test_filter)

    layers = [_UNIT_TESTS] if options.unit else options.layer
    options.layer = dict.fromkeys(layers, 1) if layers else None
    options.ignore_dir = set(options.ignore_dir)
    _complete_history(options)

    package_paths = [(os.path.abspath(path), package) for path, package in options.package_path or ()]
    if options.package_path is not None:
        options.package_path = package_paths
    options.test_path = [(path, "") for path in (*options.test_path, *options.path)] + package_paths
    options.prefix = _search_roots(options.test_path)
    _resolve_targets(options)
    options.module = options.module or ["."]
    options.test = options.test or ["."]
    if options.package:
        places = dict(options.test_path)
        options.package = [normalize_package(package, places) for package in options.package]


def _search_roots(paths: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Directories to search, each ending in a separator, with the package that its content belongs to; the longest first."""
    places = ((path if path.endswith(os.sep) else path + os.sep, package) for path, package in paths)
    return sorted(places, key=lambda pair: len(pair[0]), reverse=True)


def _resolve_targets(options: argparse.Namespace) -> None:
    """Where a file, a directory, a class or a test is named instead of a pattern for modules, set what finds that."""
    for number, word in enumerate(options.module):
        # Most patterns are a word, or have signs that no name has.
        if "." not in word and os.sep not in word:
            continue
        from zope.testrunner.planning.targets import resolve

        target = resolve(word, options.prefix)
        if target is None:
            continue
        options.module[number] = target.module
        if target.test is not None:
            options.test.append(target.test)
        if target.stem is not None:
            options.tests_pattern = _also(options.tests_pattern, target.stem)
            options.test_file_pattern = _also(options.test_file_pattern, target.stem)
        if target.path is not None:
            options.path = [*options.path, target.path]
            options.test_path = [*options.test_path, (target.path, "")]
            options.prefix = _search_roots(options.test_path)


def _also(search: Callable[[str], re.Match[str] | None], name: str) -> Callable[[str], re.Match[str] | None]:
    """The search function of a regular expression that also finds just this name."""
    pattern = getattr(getattr(search, "__self__", None), "pattern", search)
    return re.compile(f"{pattern}|^{re.escape(name)}$").search


def _complete_history(options: argparse.Namespace) -> None:
    """Set what may also come from the environment, as far as it concerns shards and what is remembered of earlier runs."""
    if options.shard is not None or "TEST_SHARD_INDEX" in os.environ or "TEST_TOTAL_SHARDS" in os.environ:
        from zope.testrunner.planning.shards import asked_for

        options.shard = asked_for(options.shard, os.environ)
    if options.history is None:
        options.history = os.environ.get("ZOPE_TESTRUNNER_HISTORY")
    for flag, wanted in (("--last-failed", options.last_failed), ("--failed-first", options.failed_first)):
        if wanted and options.history == "":
            raise UsageError(
                f"{flag} needs what is remembered of earlier runs; drop --no-history, or name a directory (--history)"
            )


def normalize_package(package: str, package_map: Mapping[str, str] | None = None) -> str:
    """The dotted name of a package that may be given as a directory, with slashes of either kind.

    ``package_map`` maps absolute directories to the package that their content belongs to ("" for none).  The longest
    leading part of ``package`` that is such a directory, seen from the current one, stands for that package.

    >>> normalize_package('zope/testrunner/')
    'zope.testrunner'
    """
    package = package.replace("\\", "/").removesuffix("/")
    parts = package.split("/")
    if package_map:
        for length in range(len(parts), 0, -1):
            directory = os.path.abspath("/".join(parts[:length]) or "/")
            if directory in package_map:
                above = package_map[directory]
                return ".".join([above, *parts[length:]] if above else parts[length:])
    return package.replace("/", ".")


def merge_options(options: argparse.Namespace, defaults: argparse.Namespace) -> None:
    """Give ``options`` the values of ``defaults`` for whatever is None or missing in it."""
    for name, value in vars(defaults).items():
        if value is not None and getattr(options, name, None) is None:
            setattr(options, name, value)
