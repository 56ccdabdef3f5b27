"""Tests of the command line: `zope.testrunner.options`."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import support
from zope.testrunner import options
from zope.testrunner.exceptions import UsageError


def parse(*words, defaults=None):
    """The options for words without a program name."""
    return options.get_options(["test", *words], defaults)


class TestDefaults(unittest.TestCase):
    """What the namespace is with no words at all."""

    def test_every_option_has_its_documented_value(self):
        found = vars(parse())
        expected = {
            "package": None, "module": ["."], "test": ["."], "unit": False, "non_unit": False, "layer": None, "at_level": 1,
            "all": False, "only_level": None, "list_tests": False, "require_unique_ids": False, "require_tests": False,
            "auto_path": False, "verbose": 0, "quiet": False, "progress": False, "color": False, "subunit": False,
            "subunit_v2": False, "slow_test_threshold": 10, "report_only_first_failure": False, "ndiff": False,
            "udiff": False, "cdiff": False, "ignore_new_threads": [], "buffer": False, "xmlOutput": None,
            "stop_on_error": False, "post_mortem": False, "gc": None, "gc_option": None, "repeat": 1,
            "report_refcounts": False, "coverage": None, "profile": None, "prof_dir": ".", "path": [], "test_path": [],
            "package_path": None, "suite_name": "test_suite", "shuffle": False, "shuffle_seed": None, "processes": 1,
            "keepbytecode": False, "usecompiled": False, "prefix": [], "fail": False, "notices": [],
            "ignore_dir": {".git", ".svn", "CVS", "{arch}", ".arch-ids", "_darcs"},
        }  # fmt: skip

        self.assertEqual(expected, {name: found[name] for name in expected})

    def test_patterns_are_search_functions(self):
        found = parse()

        self.assertTrue(found.tests_pattern("tests"))
        self.assertFalse(found.tests_pattern("my_tests"))
        self.assertTrue(found.test_file_pattern("test_x"))

    def test_an_empty_command_line_is_accepted(self):
        self.assertEqual(["."], options.get_options([]).test)

    def test_the_first_word_is_the_program(self):
        self.assertEqual(["."], options.get_options(["--test", "x"][:1]).test)

    def test_the_groups_are_published_in_their_order(self):
        titles = [group.title for group in options.parser._action_groups]

        self.assertEqual(["Searching and filtering", "Reporting", "Analysis", "Setup", "Other"], titles[2:])
        self.assertEqual(titles[2], options.searching.title)
        self.assertEqual(titles[-1], options.other.title)


class TestSpellings(unittest.TestCase):
    """Every documented spelling does the same as the others of its option."""

    def test_spellings_of_options_with_values(self):
        for dest, spellings, value, expected in (
            ("package", ("--package", "--dir", "-s"), "pkg", ["pkg"]),
            ("module", ("--module", "-m"), "x", ["x"]),
            ("test", ("--test", "-t"), "x", ["x"]),
            ("layer", ("--layer",), "x", {"x": 1}),
            ("at_level", ("--at-level", "-a"), "3", 3),
            ("only_level", ("--only-level",), "3", 3),
            ("slow_test_threshold", ("--slow-test",), "2.5", 2.5),
            ("ignore_new_threads", ("--ignore-new-thread",), "pool-", ["pool-"]),
            ("repeat", ("--repeat", "-N"), "4", 4),
            ("suite_name", ("--suite-name",), "suite", "suite"),
            ("processes", ("-j",), "3", 3),
        ):
            for spelling in spellings:
                with self.subTest(spelling):
                    self.assertEqual(expected, getattr(parse(spelling, value), dest))

    def test_spellings_of_flags(self):
        for dest, spellings in {
            "unit": ("--unit", "-u"),
            "non_unit": ("--non-unit", "-f"),
            "all": ("--all",),
            "list_tests": ("--list-tests", "--list"),
            "require_unique_ids": ("--require-unique",),
            "require_tests": ("--require-tests",),
            "auto_path": ("--auto-path",),
            "quiet": ("--quiet", "-q"),
            "progress": ("--progress", "-p"),
            "color": ("--color", "-c"),
            "report_only_first_failure": ("-1", "--hide-secondary-failures"),
            "ndiff": ("--ndiff",),
            "udiff": ("--udiff",),
            "cdiff": ("--cdiff",),
            "buffer": ("--buffer",),
            "stop_on_error": ("--stop-on-error", "--stop", "-x"),
            "shuffle": ("--shuffle",),
            "keepbytecode": ("--keepbytecode", "-k", "--usecompiled"),
            "usecompiled": ("--usecompiled",),
            "exitwithstatus": ("--exit-with-status",),
            "showversion": ("--version",),
        }.items():
            for spelling in spellings:
                with self.subTest(spelling):
                    self.assertIs(True, getattr(parse(spelling), dest))

    def test_short_flags_bundle_and_short_options_take_glued_values(self):
        found = parse("-vvpu", "-ssample1", "-N4")

        self.assertEqual((2, True, True, ["sample1"], 4),
                         (found.verbose, found.progress, found.unit, found.package, found.repeat))

    def test_a_negative_number_takes_an_equals_sign(self):
        self.assertEqual(-1, parse("--at-level=-1").at_level)
        with self.assertRaisesRegex(UsageError, "expected one argument"):
            parse("-a", "-1")


class TestColors(unittest.TestCase):
    """The command line, then two variables of the environment, then the script say whether colours are used."""

    def color(self, *words, defaults=None, terminal=False, **env):
        with mock.patch.dict(os.environ, env):
            for name in {"NO_COLOR", "FORCE_COLOR"} - set(env):
                os.environ.pop(name, None)
            return options.get_options(
                ["test", *words], defaults, is_terminal=lambda: terminal, has_colors=lambda: terminal
            ).color

    def test_the_environment_overrides_the_script(self):
        self.assertIs(False, self.color(defaults=["-c"], NO_COLOR="1"))
        self.assertIs(True, self.color(defaults=["-C"], FORCE_COLOR="1"))
        self.assertIs(True, self.color(FORCE_COLOR="1"))
        self.assertIs(False, self.color(NO_COLOR="1"))

    def test_the_command_line_overrides_the_environment(self):
        self.assertIs(True, self.color("-c", NO_COLOR="1"))
        self.assertIs(False, self.color("-C", FORCE_COLOR="1"))

    def test_what_is_found_out_is_overridden(self):
        self.assertIs(False, self.color("--auto-color", terminal=True, NO_COLOR="1"))
        self.assertIs(True, self.color("--auto-color", FORCE_COLOR="1"))
        self.assertIs(True, self.color("--auto-color", terminal=True))

    def test_empty_variables_say_nothing(self):
        self.assertIs(True, self.color(defaults=["-c"], NO_COLOR=""))
        self.assertIs(False, self.color(FORCE_COLOR=""))

    def test_no_color_wins(self):
        self.assertIs(False, self.color(NO_COLOR="1", FORCE_COLOR="1"))


class TestMerging(unittest.TestCase):
    """Defaults are read first, arguments second."""

    def test_arguments_override_defaults(self):
        self.assertEqual(3, parse("-a", "3", defaults=["-a", "2"]).at_level)
        self.assertEqual(2, parse(defaults=["-a", "2"]).at_level)

    def test_verbosity_adds_up(self):
        self.assertEqual(3, parse("-v", defaults=["-vv"]).verbose)

    def test_lists_accumulate_with_defaults_first(self):
        found = parse("-t", "b", "--ignore_dir", "y", defaults=["-t", "a", "--ignore_dir", "x"])

        self.assertEqual(["a", "b"], found.test)
        self.assertLessEqual({"x", "y", ".git"}, found.ignore_dir)

    def test_lists_do_not_accumulate_over_calls(self):
        parse("--path", "x", "--ignore_dir", "x")

        self.assertEqual([], parse().path)
        self.assertNotIn("x", parse().ignore_dir)

    def test_negative_flags_undo_defaults(self):
        found = parse("-C", "--no-progress", "--show-secondary-failures", defaults=["-c", "-p", "-1"])

        self.assertEqual((False, False, False), (found.color, found.progress, found.report_only_first_failure))

    def test_positional_filters_in_defaults_are_kept(self):
        found = parse("-v", defaults=["a_module", "a_test"])

        self.assertEqual((["a_module"], ["a_test"]), (found.module, found.test))

    def test_positional_filters_in_arguments_replace_those_in_defaults(self):
        found = parse("b_module", defaults=["a_module", "a_test"])

        self.assertEqual((["b_module"], ["."]), (found.module, found.test))

    def test_the_list_of_arguments_is_kept_as_it_is(self):
        args = ["test", "-v"]

        self.assertIs(args, options.get_options(args).original_testrunner_args)


class TestAutomatic(unittest.TestCase):
    """--auto-color and --auto-progress become what they mean, in the callers' lists."""

    def resolve(self, args, defaults=None, terminal=True, colors=True):
        return options.get_options(args, defaults, is_terminal=lambda: terminal, has_colors=lambda: colors)

    def test_on_a_colourful_terminal(self):
        args, defaults = ["test", "--auto-color"], ["--auto-progress"]

        found = self.resolve(args, defaults)

        self.assertEqual((["test", "--color"], ["--progress"]), (args, defaults))
        self.assertTrue(found.color)
        self.assertTrue(found.progress)

    def test_on_a_terminal_without_colours(self):
        args = ["test", "--auto-color", "--auto-progress"]

        self.resolve(args, colors=False)

        self.assertEqual(["test", "--no-color", "--progress"], args)

    def test_when_the_output_goes_elsewhere(self):
        args = ["test", "--auto-color", "--auto-progress"]

        self.resolve(args, terminal=False)

        self.assertEqual(["test", "--no-color", "--no-progress"], args)

    def test_later_words_win(self):
        self.assertFalse(self.resolve(["test", "--auto-color", "-C"]).color)

    def test_words_that_contain_the_option_stay(self):
        args = ["test", "--auto-color", "-t", "x--auto-color"]

        self.resolve(args)

        self.assertEqual(["test", "--color", "-t", "x--auto-color"], args)

    def test_the_terminal_is_not_asked_for_nothing(self):
        def fail():
            raise AssertionError("asked")

        options.get_options(["test", "-c"], is_terminal=fail, has_colors=fail)

    def test_an_abbreviation_is_refused_rather_than_ignored(self):
        with self.assertRaisesRegex(UsageError, "--auto-color has to be written in full"):
            parse("--auto-c")

    def test_by_default_standard_output_is_asked(self):
        args = ["test", "--auto-color", "--auto-progress"]
        with contextlib.redirect_stdout(io.StringIO()):
            options.get_options(args)

        self.assertEqual(["test", "--no-color", "--no-progress"], args)

    def test_without_standard_output_there_is_no_terminal(self):
        closed = io.StringIO()
        closed.close()
        for stdout in (None, closed):
            args = ["test", "--auto-color", "--auto-progress"]
            with self.subTest(stdout), contextlib.redirect_stdout(stdout):
                options.get_options(args)

                self.assertEqual(["test", "--no-color", "--no-progress"], args)


class TestDerived(unittest.TestCase):
    """What follows from several words."""

    def test_quiet_wins_wherever_it_stands(self):
        self.assertEqual(0, parse("-q", "-vvv").verbose)

    def test_unit_and_non_unit_cancel_each_other(self):
        found = parse("-u", "-f", "--layer", "x")

        self.assertEqual((False, False, {"x": 1}), (found.unit, found.non_unit, found.layer))

    def test_unit_replaces_layer_filters(self):
        self.assertEqual({"zope.testrunner.layer.UnitTests": 1}, parse("--layer", "x", "-u").layer)

    def test_all_levels(self):
        self.assertEqual(sys.maxsize, parse("--all", "-a", "2").at_level)

    def test_positional_filters_widen_the_others(self):
        found = parse("-m", "a", "-t", "b", "c", "d")

        self.assertEqual((["a", "c"], ["b", "d"]), (found.module, found.test))

    def test_a_dot_is_no_module_filter(self):
        found = parse(".", "d")

        self.assertEqual((["."], ["d"]), (found.module, found.test))

    def test_search_paths_come_in_their_order(self):
        found = parse("--path", "a", "--package-path", "c", "pkg", "--test-path", "b", "--path", "d")
        here = os.path.abspath

        self.assertEqual([(here("b"), ""), (here("a"), ""), (here("d"), ""), (here("c"), "pkg")], found.test_path)

    def test_prefixes_are_longest_first(self):
        found = parse("--path", "src", "--path", "src/deep/er", "--path", "src/deep")
        lengths = [len(prefix) for prefix, _ in found.prefix]

        self.assertEqual(sorted(lengths, reverse=True), lengths)
        self.assertTrue(all(prefix.endswith(os.sep) for prefix, _ in found.prefix))

    def test_the_root_directory_has_one_separator(self):
        self.assertEqual([(os.sep, "")], parse("--path", os.sep).prefix)

    def test_package_names_are_normalised(self):
        self.assertEqual(["sample1.sub"], parse("--path", "src", "-s", "src/sample1/sub/").package)

    def test_nothing_is_put_on_the_path_for_imports(self):
        before = list(sys.path)

        parse("--path", tempfile.gettempdir())

        self.assertEqual(before, sys.path)

    def test_uniqueness_is_not_enforced_with_a_module_filter(self):
        found = parse("--require-unique", "-m", "x")

        self.assertFalse(found.require_unique_ids)
        self.assertEqual(
            "        You specified a module along with --require-unique;\n"
            "        --require-unique will not try to enforce test ID uniqueness when\n"
            "        working with a specific module.\n"
            "        ",
            "".join(found.notices),
        )

    def test_uniqueness_is_enforced_otherwise(self):
        for words in (("--require-unique",), ("--require-unique", "."), ("--require-unique", "-t", "x")):
            with self.subTest(words):
                found = parse(*words)

                self.assertTrue(found.require_unique_ids)
                self.assertEqual([], found.notices)


class TestMisuse(unittest.TestCase):
    """Words that make no sense."""

    def refused(self, *words, defaults=None):
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            self.assertRaises(UsageError) as caught,
        ):
            parse(*words, defaults=defaults)
        self.assertEqual(("", ""), (out.getvalue(), err.getvalue()))
        return caught.exception

    def test_unknown_words(self):
        error = self.refused("--frob")

        self.assertIsInstance(error, options.CommandLineError)
        self.assertEqual((2, "unrecognized arguments: --frob"), (error.status, str(error)))
        self.assertTrue(error.usage.startswith("usage: "))

    def test_a_third_positional(self):
        self.assertIn("unrecognized arguments: c", str(self.refused("a", "b", "c")))

    def test_the_words_for_a_child_anywhere_but_first(self):
        self.assertEqual(2, self.refused("--resume-layer", "x", "1").status)

    def test_bad_regular_expressions_name_option_pattern_and_position(self):
        for words, name in (
            (("-t", "a["), "--test/-t"),
            (("-t", "!a["), "--test/-t"),
            (("-m", "a["), "--module/-m"),
            (("--layer", "a["), "--layer"),
            (("--tests-pattern", "a["), "--tests-pattern"),
            (("--test-file-pattern", "a["), "--test-file-pattern"),
            (("--ignore-new-thread", "a["), "--ignore-new-thread"),
            (("a[",), "legacy_module_filter"),
            (("x", "a["), "legacy_test_filter"),
        ):
            with self.subTest(words):
                error = self.refused(*words)

                self.assertEqual(2, error.status)
                self.assertIn(f"argument {name}: ", str(error))
                self.assertIn("a[' is not a regular expression: unterminated character set at position 1", str(error))

    def test_bad_regular_expressions_in_defaults(self):
        self.assertIn("argument --test/-t: '['", str(self.refused(defaults=["-t", "["])))

    def test_bad_numbers(self):
        for words, text in (
            (("-N", "x"), "'x' is not a whole number"),
            (("--repeat=-1",), "tests cannot be repeated -1 times"),
            (("--slow-test", "x"), "'x' is not a number of seconds"),
            (("-a", "1.5"), "'1.5' is not a whole number"),
        ):
            with self.subTest(words):
                error = self.refused(*words)

                self.assertEqual(2, error.status)
                self.assertIn(text, str(error))

    def test_numbers_that_run_nothing(self):
        for words, message in (
            (("-N", "0"), "argument --repeat/-N: tests cannot be repeated 0 times; give 1 or more"),
            (("-j", "0"), "argument -j: 0 processes cannot run tests; give 1 or more, or 'auto'"),
            (("-j=-1",), "argument -j: -1 processes cannot run tests; give 1 or more, or 'auto'"),
        ):
            with self.subTest(words):
                error = self.refused(*words)

                self.assertEqual((2, message), (error.status, str(error)))

    def test_a_seed_without_shuffling(self):
        error = self.refused("--shuffle-seed", "7")

        self.assertEqual((2, "--shuffle-seed says in which order --shuffle runs the tests; add --shuffle"),
                         (error.status, str(error)))
        self.assertEqual(7, parse("--shuffle-seed", "7", defaults=["--shuffle"]).shuffle_seed)

    def test_the_nearest_option_is_named(self):
        for words, nearest in (
            (("--layr", "x"), "--layer"),
            (("--jnit-xml=f",), "--junit-xml"),
            (("--shufle", "-v"), "--shuffle"),
            (("x", "y", "--no-histroy"), "--no-history"),
        ):
            with self.subTest(words):
                self.assertRegex(str(self.refused(*words)), f"^unrecognized arguments: .*; did you mean {nearest}\\?$")

    def test_no_option_is_named_where_none_is_near(self):
        for words in (("--frob",), ("a", "b", "c"), ("-Z",)):
            with self.subTest(words):
                self.assertNotIn("did you mean", str(self.refused(*words)))

    def test_reporting_needs_repetitions(self):
        for words in (("-r",), ("-r", "-N1")):
            with self.subTest(words):
                error = self.refused(*words)

                self.assertEqual(1, error.status)
                self.assertEqual(
                    "        You must use the --repeat (-N) option to specify a repeat\n"
                    "        count greater than 1 when using the --report_refcounts (-r)\n"
                    "        option.\n"
                    "        ",
                    str(error),
                )

    def test_reporting_works_on_ordinary_builds(self):
        self.assertTrue(parse("-r", "-N2").report_refcounts)

    def test_two_styles_of_diff(self):
        error = self.refused("--ndiff", "--cdiff")

        self.assertEqual((1, "Can only give one of --ndiff, --udiff, or --cdiff"), (error.status, str(error)))

    def test_an_interpreter_without_thresholds(self):
        with mock.patch.object(gc, "set_threshold"):
            del gc.set_threshold
            try:
                for words in (("--gc", "1"), ("-G", "DEBUG_STATS")):
                    with self.subTest(words):
                        self.assertIn("this Python lacks", str(self.refused(*words)))
            finally:
                gc.set_threshold = None

    def test_one_process_is_what_there_is_anyway(self):
        self.assertEqual(1, parse("-j1").processes)

    def test_child_processes_on_a_system_that_lacks_what_they_need(self):
        for missing in ("fork", "setpgid", "killpg"):
            for words in (("-j2",), ("--isolate",), ("--timeout", "5"), ("--layer-timeout=5",)):
                with self.subTest(missing=missing, words=words), mock.patch.object(os, missing):
                    delattr(os, missing)
                    try:
                        error = self.refused(*words, "--start-method=spawn")
                        parse("-j1", "--start-method=spawn")
                    finally:
                        # What is put back has to be there.
                        setattr(os, missing, None)

                    name = words[0].partition("=")[0].removesuffix("2")
                    self.assertEqual(2, error.status)
                    self.assertRegex(str(error), rf"^{name} .* os\.{missing}, .*; leave it out$")

    def test_child_processes_in_web_assembly(self):
        for words in (("-j2",), ("--isolate",), ("--timeout", "5")):
            with self.subTest(words), mock.patch.object(sys, "platform", "emscripten"):
                error = self.refused(*words)

                self.assertEqual(2, error.status)
                self.assertRegex(str(error), r" and there are none in WebAssembly \(emscripten\); leave it out$")

    def test_choices_come_in_a_fixed_order(self):
        text = str(self.refused("-G", "x"))

        self.assertLess(text.index("DEBUG_STATS"), text.index("DEBUG_COLLECTABLE"))
        self.assertLess(text.index("DEBUG_SAVEALL"), text.index("DEBUG_LEAK"))

    def test_the_version_is_asked_for_after_a_complete_parse(self):
        self.assertIn("unrecognized", str(self.refused("--version", "--frob")))
        self.assertTrue(parse("--version", "-r", "--xml", "x").showversion)


class TestComplaint(unittest.TestCase):
    """What people are shown."""

    def test_misuse_looks_as_argparse_shows_it(self):
        with self.assertRaises(UsageError) as caught:
            parse("--frob")

        text = options.complaint(caught.exception)

        self.assertTrue(text.startswith("usage: "))
        self.assertTrue(text.endswith(": error: unrecognized arguments: --frob"))

    def test_what_has_no_usage_takes_one_line(self):
        text = options.complaint(UsageError("--xml is not possible here"))

        self.assertTrue(text.endswith(": error: --xml is not possible here"))
        self.assertNotIn("\n", text)

    def test_texts_of_status_one_stand_as_they_are(self):
        self.assertEqual("text", options.complaint(UsageError("text", status=1)))


class TestHelp(unittest.TestCase):
    """-h, at the widths of small and large terminals."""

    def help(self, columns):
        before = os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = str(columns)
        try:
            return options.parser.format_help()
        finally:
            if before is None:
                del os.environ["COLUMNS"]
            else:
                os.environ["COLUMNS"] = before

    def test_fits_its_width(self):
        for columns in (80, 120):
            with self.subTest(columns):
                # The first line names the program, whatever that is here.
                lines = self.help(columns).splitlines()[1:]

                self.assertLess(max(map(len, lines)), columns)

    def test_uses_no_more_than_is_readable(self):
        self.assertEqual(self.help(120), self.help(1000))

    def test_every_option_is_explained(self):
        for action in options.parser._actions:
            with self.subTest(action.dest):
                self.assertRegex(action.help, r"[\w)][.)]$|^show this help message and exit$")

    def printed(self, word):
        with contextlib.redirect_stdout(io.StringIO()) as out, self.assertRaises(SystemExit) as caught:
            parse(word)
        self.assertEqual(0, caught.exception.code)
        return out.getvalue()

    def test_goes_to_standard_output(self):
        self.assertRegex(self.printed("--help"), r"(?s)^usage: .*Discover and run unittest tests.*\nOther:\n")

    def test_the_short_one_fits_on_a_screen(self):
        lines = self.printed("-h").splitlines()

        self.assertLess(len(lines), 26)
        # The usage may be wider, by the name of the program.
        self.assertLess(max(map(len, lines[3:])), 81)

    def test_the_short_one_names_what_there_is(self):
        named = set(re.findall(r"(?<!\S)--?[a-zA-Z][-a-z0-9]*", self.printed("-h")))

        self.assertLess({"--path", "-s", "-t", "-j", "--leaks", "--junit-xml"}, named)
        for word in named:
            with self.subTest(word):
                # Short options may be bundled, or have a value glued on.
                flag = word if word.startswith("--") else word[:2]
                self.assertIn(flag, options.parser._option_string_actions)

    def test_both_name_the_other_command(self):
        for word in ("-h", "--help"):
            self.assertRegex(self.printed(word), r"(?m)^ +\S.* replay FILE \[options\]$")

    def test_a_width_that_is_no_number_is_passed_over(self):
        self.assertIn("--layer", self.help("wide"))


class TestExtending(unittest.TestCase):
    """Projects add options of their own and change defaults."""

    def test_an_added_option_shows_up(self):
        group = options.setup
        action = group.add_argument("--fruit-of-the-day", dest="fruit", default="pear", help="For a test.")
        try:
            self.assertEqual("pear", parse().fruit)
            self.assertEqual("fig", parse("--fruit-of-the-day", "fig").fruit)
        finally:
            group._remove_action(action)
            options.parser._option_string_actions.pop("--fruit-of-the-day")

    def test_changed_defaults_are_honoured(self):
        before = {name: options.parser.get_default(name) for name in ("tests_pattern", "layer", "path")}
        options.parser.set_defaults(tests_pattern="^checks$", layer=["a", "b"], path=["/x"])
        try:
            found = parse("--layer", "c")
        finally:
            options.parser.set_defaults(**before)

        self.assertTrue(found.tests_pattern("checks"))
        self.assertEqual({"a": 1, "b": 1, "c": 1}, found.layer)
        self.assertEqual([("/x", "")], found.test_path)

    def test_merging_fills_what_is_none(self):
        given = options.argparse.Namespace(a=1, b=None)

        options.merge_options(given, options.argparse.Namespace(a=2, b=2, c=2, d=None))

        self.assertEqual({"a": 1, "b": 2, "c": 2}, vars(given))


class TestParserOnDemand(unittest.TestCase):
    """The parser of `argparse` is made when it is needed, by whoever it may be."""

    def answers(self, *lines):
        """What a fresh interpreter prints that has imported the module as ``options``."""
        script = "\n".join(("import sys; sys.argv = ['dir/first', '-v']", "from zope.testrunner import options", *lines))
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=support.environment(), capture_output=True, text=True, timeout=120, check=True,
        )
        return done.stdout.split()

    def test_plain_words_are_read_without(self):
        self.assertEqual(
            ["False", "1"],
            self.answers("found = options.get_options(['x', '-v'], ['--path', '.'])",
                         "print('parser' in vars(options), found.verbose)"),
        )

    def test_other_words_make_it(self):
        self.assertEqual(
            ["True", "['module']"],
            self.answers("found = options.get_options(['x', 'module'])", "print('parser' in vars(options), found.module)"),
        )

    def test_once_it_is_there_it_reads_all_words(self):
        self.assertEqual(
            ["7"],
            self.answers("from zope.testrunner.options import parser", "parser.set_defaults(at_level=7)",
                         "print(options.get_options(['x', '-v']).at_level)"),
        )

    def test_it_has_the_name_that_the_program_had_at_the_import(self):
        printed = self.answers("sys.argv[0] = 'later'", "print(options.parser.prog, sys.argv[0])")

        self.assertEqual(["first", "later"], printed)

    def test_public_names_are_listed(self):
        self.assertLess({"parser", "searching", "TABLES", "get_options"}, set(dir(options)))

    def test_other_names_are_missing(self):
        with self.assertRaises(AttributeError):
            options.no_such_name


class TestPackageNames(unittest.TestCase):
    """normalize_package"""

    def test_slashes_become_dots(self):
        for given, expected in (
            ("zope.testrunner", "zope.testrunner"),
            ("zope/testrunner", "zope.testrunner"),
            ("zope/testrunner/", "zope.testrunner"),
            ("zope\\testrunner", "zope.testrunner"),
            ("zope\\testrunner\\", "zope.testrunner"),
        ):
            with self.subTest(given):
                self.assertEqual(expected, options.normalize_package(given))

    def test_search_paths_stand_for_their_packages(self):
        here = os.path.abspath
        places = {here("src"): "", here("src/zope_something"): "zope.something"}

        self.assertEqual("zope.testrunner", options.normalize_package("src/zope/testrunner/", places))
        self.assertEqual("zope.something.tests", options.normalize_package("src/zope_something/tests", places))
        self.assertEqual("zope.something", options.normalize_package("src/zope_something", places))
        self.assertEqual("other.tests", options.normalize_package("other/tests", places))

    def test_a_place_may_be_given_with_a_dot(self):
        self.assertEqual("pkg", options.normalize_package("./pkg", {os.getcwd(): ""}))
        self.assertEqual("..pkg", options.normalize_package("./pkg", {}))


class TestStart(unittest.TestCase):
    """What importing the module costs."""

    def test_expensive_modules_stay_away(self):
        code = (
            # Every run loads traceback, which takes inspect along in Python 3.14.
            "import sys, traceback; before = set(sys.modules);"
            "import zope.testrunner.options as o; o.get_options(['t', '-v']);"
            "unwanted = {'shutil', 'logging', 'inspect', 'subprocess', 'zope.testrunner.report'};"
            "print(sorted(unwanted & set(sys.modules) - before))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=support.environment(), capture_output=True, text=True, check=True
        )

        self.assertEqual("[]", done.stdout.strip())
