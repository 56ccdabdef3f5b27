"""Tests of `zope.testrunner.system.plain_options`: it reads what `argparse` would, or nothing."""

from __future__ import annotations

import argparse
import random
import unittest

from zope.testrunner import options
from zope.testrunner.system.plain_options import read

#: Values that some options take and others do not, and words that are no plain values.
VALUES = ("3", "1", "x", "a.b", "1.5", "10MB", "1/2", "always", "failure", "spawn", "cProfile", "DEBUG_SAVEALL", "junit=x",
          "!x", "[", "", "-", "--", "-1", "-x", "a b", "a=b", "=", "5:4", "auto", "x" * 50)  # fmt: skip

#: What is neither an option of ours in full nor a value of one.
ODD = ("-h", "--help", "--verb", "--list", "--no-such", "-z", "-vz", "-12", "--", "-", "module", "-N=4", "--quiet=1", "-q=1")


def rows():
    return [(row.flags, row.settings) for _, table in options.TABLES for row in table]


def comparable(found):
    """The values in their order; a search function is what it searches for."""
    return [(name, getattr(getattr(value, "__self__", None), "pattern", value)) for name, value in found.items()]


def by_parser(words, given):
    """What argparse finds, None if it complains."""
    try:
        return comparable(vars(options.parser.parse_args(words, argparse.Namespace(**given))))
    except (options.CommandLineError, SystemExit):
        return None


def by_us(words, given):
    positionals = {"legacy_module_filter": None, "legacy_test_filter": None}
    found = read(rows(), words, {**given, **{name: None for name in positionals if name not in given}})
    return None if found is None else comparable({**found, **positionals})


class ReadTest(unittest.TestCase):
    """The same as by the parser of the real options."""

    maxDiff = None

    def check(self, words, given=()):
        """Whether we can read these words; fails if we do otherwise than argparse."""
        ours = by_us(words, dict(given))
        if ours is not None:
            self.assertEqual(by_parser(words, dict(given)), ours, words)
        return ours is not None

    def test_no_words(self):
        self.assertTrue(self.check([]))

    def test_every_option_in_every_spelling(self):
        plain = 0
        for flags, settings in rows():
            for flag in flags:
                plain += self.check([flag])
                self.check([f"{flag}=x"])
                for value in VALUES:
                    forms = [[flag, value], [f"{flag}={value}"], [flag + value]]
                    read = [self.check(words) for words in (*forms, [flag, value, flag, value], [flag, value, "-v"])]
                    plain += sum(read)
                    is_limited = {"nargs", "type", "choices"} & {*settings}
                    if value == "x" and not is_limited and settings.get("action", "store") in ("store", "append"):
                        is_long = flag.startswith("--")
                        self.assertEqual([True, is_long, not is_long], read[:3], flag)

        self.assertGreater(plain, 1000)

    def test_many_words_at_random(self):
        generator = random.Random(4)
        flags = [flag for row in rows() for flag in row[0]]
        short = [flag for flag in flags if len(flag) == 2]
        plain = 0
        for _ in range(4000):
            words = []
            for _ in range(generator.randint(1, 5)):
                flag = generator.choice(flags)
                kind = generator.random()
                if kind < 0.5:
                    words += [flag, generator.choice(VALUES[:10])]
                elif kind < 0.7:
                    words.append(flag)
                elif kind < 0.8:
                    words.append(f"{flag}={generator.choice(VALUES)}")
                elif kind < 0.95:
                    words.append("-" + "".join(generator.choice(short)[1] for _ in range(generator.randint(1, 4))))
                else:
                    words.append(generator.choice(ODD))
            with self.subTest(words):
                plain += self.check(words)

        self.assertGreater(plain, 200)

    def test_words_after_those_of_a_script(self):
        """Values from before stay, lists are added to, and what was counted is counted on."""
        first = ["--path", "src", "-v", "--tests-pattern", "^checks$", "--ignore-new-thread", "a", "-m", "x"]
        given = vars(options.parser.parse_args(first))
        for words in ([], ["--path", "lib", "-vv"], ["--tests-pattern", "x"], ["--ignore-new-thread", "b", "-m", "y"]):
            self.assertTrue(self.check(words, {**given, "color": None}), words)

    def test_what_is_read_without_the_parser(self):
        for line in (
            "--path . -vv -p", "-vvpc", "-N4 -r", "-j 4 --timeout=3", "-t one -t !two --layer=x", "-s pkg -m pkg.mod",
            "--auto-color --auto-progress", "-D -x --buffer", "--format junit=x --durations 5", "--test-path=/a=b",
            "-1 --no-history", "-g 0 -g 1",
        ):  # fmt: skip
            self.assertTrue(self.check(line.split()), line)

    def test_what_is_left_to_the_parser(self):
        for words in (
            *([word] for word in ODD), ["-v", "module"], ["--leaks"], ["--leaks", "5:4"], ["--package-path", "a", "b"],
            ["-t"], ["-t", "-v"], ["-t", ""], ["-t", "["], ["--repeat", "0"], ["--profile", "x"], ["-vt=x"],
        ):  # fmt: skip
            self.assertFalse(self.check(words), words)

    def test_defaults_are_not_changed(self):
        self.check(["--path", "x", "--ignore_dir", "y"])

        self.assertEqual([], options.get_options(["test"]).path)
        self.assertNotIn("y", options.get_options(["test"]).ignore_dir)
