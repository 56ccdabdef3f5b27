"""What imports leave that copies of a process would share: `zope.testrunner.discovery.import_traces`."""

from __future__ import annotations

import os
import sys
import unittest
from importlib import import_module

from support import ProjectCase, run_tests
from zope.testrunner.discovery.import_traces import ImportTraces
from zope.testrunner.workers.start_methods import why_not_fork

#: What a module does when it is imported, and what is said of it.
KINDS = {
    "mkdtemp": ("import tempfile; PLACE = tempfile.mkdtemp()", "made the temporary directory "),
    "temporary_directory": ("import tempfile; PLACE = tempfile.TemporaryDirectory()", "made the temporary directory "),
    "mkstemp": ("import tempfile, os; FILE, NAME = tempfile.mkstemp(); os.close(FILE)", "made the temporary file "),
    "named_file": ("import tempfile; FILE = tempfile.NamedTemporaryFile()", "made the temporary file "),
    "open_file": ("FILE = open('data.txt', 'w+')", "made an open "),
    "read_file": ("FILE = open(__file__)", "made an open "),
    "socket": ("import socket; SERVER = socket.socket(); SERVER.bind(('127.0.0.1', 0))", "made an open socket"),
    "pipe": ("import os; PIPE = os.pipe()", "made an open pipe"),
    "database": ("import sqlite3; DB = sqlite3.connect('data.db'); DB.execute('create table t (x)')", "made an open "),
    "child": ("import subprocess; CHILD = subprocess.Popen(['sleep', '100'])", "made a running child process"),
    "number": ("import os; NAME = f'test-{os.getpid()}'", "made NAME, in which there is the number of the process"),
    "pid": ("import os; PID = os.getpid()", "made PID, in which there is the number of the process"),
    "directory_of_number": ("import os; os.mkdir(f'x-{os.getpid()}')", "made a name with the number of the process, x-"),
    "function": ("import tempfile\ndef make(): return tempfile.mkdtemp()\nPLACE = make()", "made the temporary directory "),
}

#: The same, but nothing of it is left, or everybody would use the same.
TWINS = {
    "removed_directory": "import tempfile, os; os.rmdir(tempfile.mkdtemp())",
    "removed_file": "import tempfile\nwith tempfile.NamedTemporaryFile() as file:\n    pass",
    "closed_file": "with open('data.txt', 'w') as file:\n    file.write('x')",
    "file_that_was_read": "with open(__file__) as file:\n    TEXT = file.read()",
    "closed_socket": "import socket\nwith socket.socket() as server:\n    server.bind(('127.0.0.1', 0))",
    "finished_child": "import subprocess; TEXT = subprocess.check_output(['echo', 'x'])",
    "nowhere": "FILE = open('/dev/null', 'w')",
    "in_memory": "import sqlite3; DB = sqlite3.connect(':memory:')",
    "directory": "import os; os.makedirs('there', exist_ok=True)",
    "imports": "import json, xml.dom.minidom, decimal, ctypes",
    "number_elsewhere": "import os; NUMBERS = [os.getpid()]",
}


@unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs a system that lists descriptors")
class TracesCase(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.project)
        sys.path.insert(0, str(self.project))
        self.addCleanup(sys.path.remove, str(self.project))
        self.names: list[str] = []
        self.addCleanup(self.forget)

    def forget(self) -> None:
        for name in self.names:
            for value in vars(sys.modules.get(name, os)).copy().values() if name in sys.modules else ():
                for method in ("terminate", "wait", "close", "cleanup"):
                    if not isinstance(value, type) and hasattr(value, method) and not isinstance(value, type(os)):
                        getattr(value, method)()
            for descriptor in getattr(sys.modules.get(name), "PIPE", ()):
                os.close(descriptor)
            sys.modules.pop(name, None)

    def traced(self, **modules: str) -> ImportTraces:
        """The traces of importing these modules, one after the other."""
        for name, text in modules.items():
            self.write(f"{name}.py", "")
            (self.project / f"{name}.py").write_text(text)
        self.names += modules
        traces = ImportTraces()
        for name in modules:
            traces.begin(name)
            import_module(name)
        traces.finish()
        return traces


class MakersTest(TracesCase):
    def test_what_copies_would_share(self) -> None:
        for kind, (text, words) in KINDS.items():
            with self.subTest(kind):
                name = f"makes_{kind}"
                traces = self.traced(**{name: text})

                self.assertEqual(name, traces.key(name))
                self.assertIn(words, traces.why(name))

    def test_what_leaves_nothing_to_share(self) -> None:
        for kind, text in TWINS.items():
            with self.subTest(kind):
                name = f"leaves_{kind}"

                self.assertIsNone(self.traced(**{name: text}).key(name))

    def test_only_the_module_that_did_it(self) -> None:
        traces = self.traced(first="X = 1", second=KINDS["mkdtemp"][0], third="Y = 1")

        self.assertEqual([None, "second", None], [traces.key(name) for name in ("first", "second", "third")])

    def test_all_that_use_it(self) -> None:
        self.write("common.py", KINDS["mkdtemp"][0])
        self.write("between.py", "from common import PLACE\nimport common\ndef work(): pass")
        self.names += ["common", "between"]
        traces = self.traced(uses_a="import common", uses_b="from between import work", uses_c="import json")

        self.assertEqual(["common", "common", None], [traces.key(name) for name in ("uses_a", "uses_b", "uses_c")])
        self.assertRegex(traces.why("uses_b"), "^common, which it uses, made the temporary directory .* when it was imp.*$")

    def test_who_uses_two_brings_the_users_of_each_together(self) -> None:
        for name in ("one", "two"):
            self.write(f"{name}.py", KINDS["mkdtemp"][0])
        self.names += ["one", "two"]
        traces = self.traced(first_of="import one", second_of="import two", both="import one, two", alone=KINDS["pipe"][0])

        self.assertEqual(["one"] * 3, [traces.key(name) for name in ("first_of", "second_of", "both")])
        self.assertEqual("alone", traces.key("alone"))

    def test_nothing_is_noted_afterwards(self) -> None:
        import tempfile

        traces = self.traced(plain="X = 1")
        os.rmdir(tempfile.mkdtemp())

        self.assertEqual({}, traces.made)


class SettingsTest(TracesCase):
    """The module has the last word."""

    def test_it_may_be_divided_all_the_same(self) -> None:
        traces = self.traced(divided="splittable = True\n" + KINDS["mkdtemp"][0])

        self.assertIsNone(traces.key("divided"))

    def test_who_uses_it_may_be_divided_as_well(self) -> None:
        self.write("shared.py", "splittable = True\n" + KINDS["mkdtemp"][0])
        self.names.append("shared")

        self.assertIsNone(self.traced(uses_shared="import shared").key("uses_shared"))

    def test_it_may_not_be_divided(self) -> None:
        traces = self.traced(whole="splittable = False")

        self.assertEqual("whole", traces.key("whole"))
        self.assertEqual("it says splittable = False", traces.why("whole"))


@unittest.skipIf(why_not_fork(), "needs copies of a process")
class RunTest(ProjectCase):
    """Tests that share what an import made do not get in each other's way."""

    TESTS = """
        import os, tempfile, time, unittest
        {setting}
        PLACE = tempfile.mkdtemp()

        class A(unittest.TestCase):
            def work(self):
                print("in process", os.getpid())
                os.mkdir(os.path.join(PLACE, "only-one"))
                time.sleep(0.2)
                os.rmdir(os.path.join(PLACE, "only-one"))

            test_1 = test_2 = test_3 = test_4 = work
    """

    def processes(self, *words: str, setting: str = "") -> tuple[set[str], str]:
        self.write("tests.py", self.TESTS.format(setting=setting))
        done = run_tests("--path", ".", *words, cwd=self.project)
        return {line.lstrip(".") for line in done.lines if "in process " in line}, done.out

    def test_they_stay_in_one_process(self) -> None:
        processes, out = self.processes("-j2", "-v")

        self.assertEqual(1, len(processes), out)
        self.assertIn("Ran 4 tests with 0 failures, 0 errors", out)
        self.assertRegex(out, r"\nThe tests of tests stay in one process, as its import made the temporary directory /.*  s")

    def test_without_verbosity_nothing_is_said(self) -> None:
        self.assertNotIn("stay in one process", self.processes("-j2")[1])

    def test_the_setting_has_them_divided(self) -> None:
        self.assertEqual(2, len(self.processes("-j2", setting="splittable = True")[0]))

    def test_processes_that_are_started_anew_share_nothing(self) -> None:
        processes, out = self.processes("-j2", "-v", "--start-method", "spawn")

        self.assertEqual(2, len(processes), out)
        self.assertIn("Ran 4 tests with 0 failures, 0 errors", out)
        self.assertNotIn("stay in one process", out)
