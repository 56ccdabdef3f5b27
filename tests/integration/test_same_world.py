"""What a report needs is not imported into the world of the tests: the next test sees the modules that the first one saw."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from importlib.util import find_spec

from support import Done, ProjectCase, environment

#: Notes for each test the modules that are there when it begins, and those that it finds missing or new at its end.
WORLD = """
import json, os, sys
from unittest import TestCase, expectedFailure, mock

class World(TestCase):
    def setUp(self):
        note(self.id())

def note(name):
    with open(os.environ["SEEN"], "a") as file:
        file.write(json.dumps([os.getpid(), name, sorted(sys.modules)]) + "\\n")
"""

#: Ends that give a report something to do.  The names are in the order of the runs, and the last test only looks.
TESTS = """
import os, sys
from unittest import expectedFailure, mock
from world import World

kept = []

class Blocker:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(f"no {name} here")

class Tests(World):
    def test_a_passes(self):
        pass

    def test_b_fails(self):
        __traceback_info__ = 'what it was about'
        __traceback_supplement__ = (lambda: mock.Mock(spec=[], getInfo=lambda: 'more'),)
        self.assertEqual([1, 2, {3: 4}], [1, 2, {3: 5}])

    def test_c_raises(self):
        try:
            raise ValueError('first')
        except ValueError as error:
            raise ExceptionGroup('several', [KeyError('x'), OSError(2, 'none')]) from error

    def test_ca_misspells(self):
        sys.pathh

    def test_cb_cannot_be_compiled(self):
        compile("fro x in y: pass", "nothing.py", "exec")

    def test_d_is_skipped(self):
        self.skipTest('for a reason')

    @expectedFailure
    def test_e_fails_as_expected(self):
        self.fail()

    @expectedFailure
    def test_f_passes_unexpectedly(self):
        pass

    def test_g_has_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(1, number)

    def test_h_keeps(self):
        kept.append([object()])

    def test_i_keeps_a_descriptor(self):
        kept.append(os.dup(0))

    def test_j_writes(self):
        print('out')
        print('err', file=sys.stderr)

    def test_k_keeps_an_exception(self):
        try:
            raise ValueError
        except ValueError as error:
            kept.append(error)

    def test_l_fails_where_nothing_can_be_imported(self):
        # What fails in a sub-test is reported at once, in the middle of this.
        with mock.patch.dict(sys.modules), mock.patch.object(sys, 'meta_path', [Blocker()]):
            with self.subTest():
                sys.modules.clear()
                raise RuntimeError('in a bare world')

    def test_z_looks(self):
        pass
"""

#: Stands for a package that is imported because it can be: `zope.exceptions` does so, and whatever comes with it.
SECURITY = """
import sys
sys.modules['zope.security.checker'] = sys.modules['zope.security.interfaces'] = sys.modules[__name__]
Forbidden = ForbiddenAttribute = IForbidden = IForbiddenAttribute = IUnauthorized = Unauthorized = None
"""


class SameWorld(ProjectCase):
    """Tests of all ends, which note what modules they see."""

    def setUp(self) -> None:
        super().setUp()
        self.seen = self.project / "seen"
        self.write("world.py", WORLD)
        self.write("tests.py", TESTS)
        self.write("more/zope/security/__init__.py", SECURITY)

    def new(self) -> dict[str, set[str]]:
        """For each test the modules that it sees and the first test of its process did not."""
        first: dict[int, set[str]] = {}
        new: dict[str, set[str]] = {}
        for line in self.seen.read_text().splitlines():
            process, name, modules = json.loads(line)
            new.setdefault(name, set()).update(set(modules) - first.setdefault(process, set(modules)))
        self.seen.unlink()
        return new


class InTheRunner(SameWorld):
    """Of the runner."""

    def assertSame(self, *options: str) -> Done:
        """No test finds modules that the first one did not, and all are run."""
        paths = f"{self.project / 'more'}:{environment()['PYTHONPATH']}"
        done = self.run_project(*options, SEEN=str(self.seen), PYTHONPATH=paths)
        new = self.new()
        self.assertEqual(15, len(new), done)
        self.assertEqual({}, {name: sorted(modules) for name, modules in new.items() if modules})
        return done

    def test_in_one_process(self) -> None:
        done = self.assertSame()

        self.assertIn("   - __traceback_info__: what it was about\n", done.out)
        self.assertIn("\nmore\n", done.out)
        self.assertIn("RuntimeError: in a bare world\n", done.out)

    def test_whatever_the_report_is_like(self) -> None:
        for options in (
            *("-vvv --color", "-vvv --progress --no-color", "--auto-color -1", "--ndiff", "--buffer", "-N2 -r -vv"),
            *("--gc-after-test -vvvv", "--junit-xml out.xml", "--durations 3", "--timeout 60"),
        ):
            with self.subTest(options):
                self.assertSame(*options.split())

    def test_in_a_stream(self) -> None:
        for name in ("--subunit", "--subunit-v2"):
            with self.subTest(name):
                self.assertSame(name)

    def test_in_other_processes(self) -> None:
        for options in ("-j2", "--isolate", "-j2 --leaks"):
            with self.subTest(options):
                self.assertSame(*options.split())

    def test_in_a_hunt(self) -> None:
        self.assertIn("Leak in test test_h_keeps", self.assertSame("--leaks").out)


@unittest.skipUnless(find_spec("pytest"), "pytest is not installed")
class InPytest(SameWorld):
    """Of pytest: what that imports by itself is its own affair."""

    def loaded(self, *options: str) -> dict[str, set[str]]:
        """What each test finds that the first did not."""
        paths = f"{self.project / 'more'}:{environment()['PYTHONPATH']}"
        self.write("pytest.ini", "[pytest]\n")
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "zope.testrunner.pytest_plugin", "tests.py", *options],
            cwd=self.project,
            env=environment(SEEN=str(self.seen), PYTHONPATH=paths, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return self.new()

    def test_in_a_hunt(self) -> None:
        # That of a bare world leaves pytest no better than it was.
        options = ("--deselect", "tests.py::Tests::test_l_fails_where_nothing_can_be_imported")
        plain, hunted = self.loaded(*options), self.loaded("--leaks", "--leaks-explain", *options)

        self.assertEqual(14, len(hunted))
        self.assertEqual({}, {name: more for name, found in hunted.items() if (more := found - plain[name])})
