"""The command that runs again just what failed in this run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from zope.testrunner.system.originals import os

#: A command with more names of tests than that is no longer one to copy.
_MOST_NAMES: Final = 10

#: Nor is one with so many that was not asked for.
_MOST_JUDGED: Final = 3

#: A test case as text: ``test_a (app.tests.T.test_a)``.
_TEST: Final = re.compile(r"\w+ \([\w.<>]+\)")

#: The script of this package, as the interpreter calls it when it is started with ``-m``.
_MAIN: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")


def rerun_command(
    words: Sequence[str], labels: Sequence[str], directory: str, *, remembers: bool, has_filters: bool
) -> str | None:
    """The command line that runs what failed, or None if there is none that is short and right.

    ``words`` are those of the present command line, with the program's name first, as it was given in ``directory``;
    ``labels`` are the names of the tests that failed.  If the run ``remembers`` what failed, ``--last-failed`` finds it.
    Otherwise the tests are named, unless the command line ``has_filters`` already, which names would be added to.
    """
    program, *rest = words
    if "--" in rest:
        # What follows is no option.
        return None
    if remembers:
        again = [] if "--last-failed" in rest else ["--last-failed"]
    elif has_filters or not labels or len(labels) > _MOST_NAMES:
        return None
    else:
        # Of what a part of a test is called, the beginning is the name of the test.
        names = dict.fromkeys(match.group() if (match := _TEST.match(label)) else label for label in labels)
        again = [word for name in names for word in ("-t", f"^{_escaped(name)}$")]
    return shlex.join([*_program(program, directory), *rest, *again])


def judge_command(words: Sequence[str], labels: Sequence[str], directory: str) -> str | None:
    """The command line that judges the first of these tests, in place of the one that has watched them.

    None if there is none that is short and right; for ``words`` and ``directory`` see `rerun_command`.
    """
    program, *rest = words
    kept: list[str] = []
    skips = False
    for word in rest:
        if word == "--":
            return None
        if skips or (word == "watch" and kept and kept[-1] == "--leaks"):
            skips = False
        elif word in ("-t", "--test", "-m", "--module"):
            # These would be added to.
            skips = True
        elif not word.startswith(("--leaks=", "--test=", "--module=", "-t", "-m")):
            kept.append(word)
    kept = [word for word in kept if word != "--leaks"]
    names = [word for label in labels[:_MOST_JUDGED] for word in ("-t", f"^{_escaped(label)}$")]
    return shlex.join([*_program(program, directory), *kept, "--leaks", *names]) if names else None


def _program(program: str, directory: str) -> list[str]:
    """How the program is called from the directory."""
    full = os.path.abspath(os.path.join(directory, program))
    if os.path.realpath(full) == os.path.realpath(_MAIN):
        return ["python", "-m", "zope.testrunner"]
    if full.startswith(directory.rstrip(os.sep) + os.sep):
        relative = os.path.relpath(full, directory)
        return [relative if os.sep in relative else os.path.join(os.curdir, relative)]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = next((folder for folder in folders if os.path.exists(os.path.join(folder, os.path.basename(full)))), None)
    if found is not None and os.path.realpath(os.path.join(found, os.path.basename(full))) == os.path.realpath(full):
        return [os.path.basename(full)]
    return [full]


def _escaped(label: str) -> str:
    """The label as a regular expression, with as few signs as possible: it is to be read."""
    special = r"\.^$*+?{}[]|()"
    return "".join(f"\\{sign}" if sign in special else sign for sign in label)
