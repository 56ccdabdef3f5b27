"""Programs that read subunit streams agree with the runner.

They come with python-subunit and stestr; without these the tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

from support import CHECKOUT, SAMPLES, ProjectCase, environment, run_tests

#: Where the scripts of this interpreter are.
SCRIPTS = str(Path(sys.executable).parent)

NOISY = r"""
import os, subprocess, sys, unittest

print("imported")

class Layer:
    @classmethod
    def setUp(cls):
        os.write(1, b"set up \xff\n")
    @classmethod
    def tearDown(cls):
        print("torn down", file=sys.stderr)

class T(unittest.TestCase):
    layer = Layer
    def test_bytes(self):
        os.write(1, bytes(range(256)))
    def test_child(self):
        subprocess.run([sys.executable, "-c", "print('from a child')"])
    def test_lines_of_the_protocol(self):
        print("test: fake\nfailure: fake [\n]\n]")
        self.fail("test: fake\n]\n")
    def test_packets(self):
        sys.stdout.buffer.write(b"\xb3\x29\x01\x0c")
    def test_much(self):
        os.write(1, b"much " * 2_000_000)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertEqual(1, i)
"""

CRASHING = """
import os, unittest

class First:
    @classmethod
    def setUp(cls): pass
    @classmethod
    def tearDown(cls): raise NotImplementedError

class Second:
    @classmethod
    def setUp(cls): pass

class A(unittest.TestCase):
    layer = First
    def test(self): pass

class B(unittest.TestCase):
    layer = Second
    def test_1(self): pass
    def test_2(self): os._exit(3)
"""


def script(name: str) -> str:
    found = shutil.which(name, path=SCRIPTS)
    if found is None:
        raise unittest.SkipTest(f"{name} is not installed beside this Python")
    return found


def stream(*arguments: str | Path) -> bytes:
    """Standard output of a run, as bytes."""
    words = [sys.executable, "-m", "zope.testrunner", *map(str, arguments)]
    return subprocess.run(words, cwd=CHECKOUT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True).stdout


def through(data: bytes, *names: str) -> str:
    """What comes out of a chain of programs."""
    for name in names:
        words = name.split()
        # What a debug build warns of in them is their own business.
        quiet = environment(PYTHONWARNINGS="ignore::DeprecationWarning")
        done = subprocess.run([script(words[0]), *words[1:]], input=data, env=quiet, capture_output=True)
        if done.stderr:
            raise AssertionError(f"{name}: {done.stderr.decode(errors='replace')[-2000:]}")
        data = done.stdout
    return data.decode("utf-8", "backslashreplace")


def numbers(text: str) -> dict[str, int]:
    """What subunit-stats says."""
    return {name: int(number) for name, number in re.findall(r"^(\w+) tests: +(\d+)$", text, re.MULTILINE)}


class Counts(ProjectCase):
    def counted(self, *arguments: str | Path) -> dict[str, int]:
        """The numbers in both versions, which have to be the same."""
        words = ("--subunit-layers", "failures", *arguments)
        second = numbers(through(stream("--subunit-v2", *words), "subunit-stats"))
        first = numbers(through(stream("--subunit", *words), "subunit-1to2", "subunit-stats"))
        self.assertEqual(first, second)
        return second

    def test_layers(self) -> None:
        words = ("--path", SAMPLES, "--tests-pattern", "^sampletestsf?$")
        total = re.search(r"Total: (\d+) tests, 0 failures, 0 errors", run_tests(*words).out)
        assert total is not None
        expected = int(total[1])
        found = self.counted(*words)
        self.assertEqual((expected, expected), (found["Total"], found["Passed"]))

    def test_laps(self) -> None:
        words = ("--path", SAMPLES, "--tests-pattern", "^sampletestsf?$", "--layer", "Layer12$", "--shuffle")
        once = self.counted(*words)
        self.assertEqual(3 * once["Total"], self.counted(*words, "-N3", "-r")["Total"])

    def test_a_child_process_that_dies(self) -> None:
        self.write("tests.py", CRASHING)
        self.assertEqual(
            {"Total": 3, "Passed": 2, "Failed": 1, "Skipped": 0}, self.counted("--path", self.project)
        )

    def test_what_layers_print_does_not_count(self) -> None:
        self.write("tests.py", NOISY)
        self.assertEqual(6, self.counted("--path", self.project)["Total"])

    def test_layers_are_counted_unless_told_otherwise(self) -> None:
        self.write("tests.py", NOISY)
        plain = stream("--path", self.project, "--subunit-v2")
        self.assertEqual(8, numbers(through(plain, "subunit-stats"))["Total"])


class Noise(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", NOISY)

    def test_nothing_gets_into_a_stream_of_version_2(self) -> None:
        if find_spec("junitxml") is None:
            self.skipTest("subunit2junitxml needs junitxml")
        data = stream("--path", self.project, "--subunit-v2", "--subunit-layers", "failures")
        report = ET.fromstring(through(data, "subunit-filter --no-passthrough --success", "subunit2junitxml"))
        failed = {case.get("name") for case in report.iter("testcase") if case.find("failure") is not None}
        self.assertEqual({"test_lines_of_the_protocol", "test_sub"}, failed)
        self.assertEqual(6, len(list(report.iter("testcase"))))

    def test_output_is_attached_to_its_test(self) -> None:
        data = stream("--path", self.project, "--subunit-v2", "-t", "test_child")
        target = self.project / "attachments"
        through(data, f"subunit2disk --directory {target}")
        found = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
        attached = {name: text for name, text in found.items() if name.endswith(("stdout", "stderr"))}
        self.assertEqual("from a child\n", attached["tests.T.test_child/test-stdout"])
        self.assertEqual("imported\nset up \\xff\n", attached["tests.Layer:setUp/stdout"])
        self.assertEqual("torn down\n", attached["tests.Layer:tearDown/stderr"])

    def test_readers_that_pass_on_what_is_about_no_test_are_not_disturbed(self) -> None:
        for layers in ("always", "failures"):
            data = stream("--path", self.project, "--subunit-v2", "--subunit-layers", layers)
            lines = through(data, "subunit2csv").splitlines()
            self.assertEqual("test,status,start_time,stop_time", lines[0])
            self.assertEqual({"always": 8, "failures": 6}[layers], len(lines) - 1)

    def test_a_stream_of_version_1_can_be_converted(self) -> None:
        data = stream("--path", self.project, "--subunit", "--subunit-layers", "failures")
        listed = through(data, "subunit-1to2", "subunit-ls").splitlines()
        self.assertEqual(6, len([name for name in listed if name.startswith("tests.T.")]))
        self.assertNotIn("fake", listed)

    def test_a_stream_in_a_file_beside_text(self) -> None:
        path = self.project / "results"
        done = run_tests("--path", self.project, "--format", f"subunit-v2={path}", "-t", "test_child", "--buffer")
        self.assertIn("Ran 1 tests with 0 failures", done.out)
        self.assertEqual(3, numbers(through(path.read_bytes(), "subunit-stats"))["Total"])

    def test_the_exit_status_is_that_of_the_runner(self) -> None:
        self.assertEqual(1, run_tests("--path", self.project, "--subunit-v2").status)
        self.assertEqual(0, run_tests("--path", self.project, "--subunit-v2", "-t", "test_child").status)


class LastWords(ProjectCase):
    """What a test says that ends its process."""

    def setUp(self) -> None:
        super().setUp()
        dying = "print('last words'); os.write(2, b'the end\\n'); os._exit(3)"
        self.write("tests.py", CRASHING.replace("os._exit(3)", dying))
        self.words = ("--path", self.project, "--subunit", "--subunit-layers", "failures")

    def test_those_of_a_child_process_are_attached_to_the_test(self) -> None:
        text = stream(*self.words).decode().replace("\r", "")
        end = text[text.index("\nerror: tests.B.test_2 [ multipart\n") :]
        self.assertIn("\ntest-stdout\nB\nlast words\n0\n", end)
        self.assertIn("\ntest-stderr\n8\nthe end\n0\n", end)
        self.assertEqual(1, text.count("last words"))

    def test_nothing_but_them_comes_out_of_a_child_process(self) -> None:
        words = [sys.executable, "-m", "zope.testrunner", *map(str, self.words)]
        done = subprocess.run(words, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(b"", done.stderr)
        self.write("tests.py", (self.project / "tests.py").read_text().replace("os._exit(3)", "pass"))
        done = subprocess.run(words, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(b"", done.stderr)

    def test_a_dump_of_a_fatal_error_is_seen(self) -> None:
        self.write("tests.py", "import os, unittest\nclass T(unittest.TestCase):\n    def test(self): os.abort()\n")
        words = [sys.executable, "-X", "faulthandler", "-m", "zope.testrunner", *map(str, self.words)]
        done = subprocess.run(words, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)
        self.assertIn(b"Fatal Python error: Aborted", done.stderr)
        self.assertIn(b"in test", done.stderr)
        self.assertNotIn(b"Fatal", done.stdout)


class Streams(ProjectCase):
    """Unusual standard streams."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", CRASHING)
        self.words = [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), "-t", "A", "--subunit"]

    @unittest.skipUnless(Path("/dev/full").exists(), "needs a device that is always full")
    def test_output_that_cannot_be_written_takes_one_line(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.words, stdout=full, stderr=subprocess.PIPE, env=environment())
        self.assertEqual(1, done.returncode)
        self.assertEqual(1, done.stderr.count(b"\n"), done.stderr)

    def test_a_reader_that_has_gone_is_not_worth_a_word(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(self.words, stdout=writing, stderr=subprocess.PIPE, env=environment())
        os.close(writing)
        self.assertEqual((1, b""), (done.returncode, done.stderr))

    @unittest.skipIf(os.name == "nt", "descriptors are closed in a shell")
    def test_closed_streams(self) -> None:
        def run(closed: str) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *self.words], capture_output=True, env=environment())

        self.assertIn(b"successful: tests.A.test\n", run("2>&-").stdout)
        done = run(">&-")
        self.assertEqual(2, done.returncode)
        self.assertIn(b"error: Cannot write to standard output: ", done.stderr)

    def test_what_is_printed_at_exit_is_no_part_of_the_stream(self) -> None:
        self.write("tests.py", f"import atexit\natexit.register(print, 'bye')\n{CRASHING}")
        done = subprocess.run(self.words, capture_output=True, env=environment())
        self.assertEqual((0, b"bye"), (done.returncode, done.stderr.strip()))
        self.assertNotIn(b"bye", done.stdout)

    def test_a_standard_output_made_of_text(self) -> None:
        code = (
            "import contextlib, io, sys; from zope.testrunner import run_internal; text = io.StringIO()\n"
            "with contextlib.redirect_stdout(text):\n"
            "    failed = run_internal(args=['test', *sys.argv[1:]])\n"
            "print(failed, 'successful: tests.A.test' in text.getvalue())"
        )
        done = subprocess.run([sys.executable, "-c", code, *self.words[3:]], capture_output=True, env=environment())
        self.assertEqual(b"False True", done.stdout.strip(), done.stderr)


class Lists(ProjectCase):
    def test_tests_exist_without_being_run(self) -> None:
        self.write("tests.py", CRASHING)
        data = stream("--path", self.project, "--subunit-v2", "--list-tests")
        self.assertEqual(
            ["tests.A.test", "tests.B.test_1", "tests.B.test_2"], through(data, "subunit-ls --exists").split()
        )


@unittest.skipIf(os.name == "nt", "stestr is told by a shell script what to start")
class Stestr(ProjectCase):
    """What docs/how-to/run-with-stestr.rst says."""

    def setUp(self) -> None:
        super().setUp()
        page = (CHECKOUT / "docs" / "how-to" / "run-with-stestr.rst").read_text(encoding="utf-8")
        for name, text in re.findall(r"   :caption: (\S+)\n\n((?:   .*\n|\n)+)", page):
            self.write(name, re.sub("^   ", "", text, flags=re.MULTILINE))
        starter = self.project / "stestr-python"
        starter.write_text(starter.read_text().replace("zope-testrunner", f"'{sys.executable}' -m zope.testrunner"))
        starter.chmod(0o755)
        self.write(
            "tests.py",
            """
            import unittest

            class Layer:
                @classmethod
                def setUp(cls): print("noise")

            class A(unittest.TestCase):
                layer = Layer
                def test_good(self): print("more noise")
                def test_bad(self): self.fail("bad")

            class B(unittest.TestCase):
                def test_good(self): pass
                @unittest.skip("later")
                def test_skipped(self): pass
            """,
        )

    def stestr(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [script("stestr"), *words],
            cwd=self.project,
            env=environment(PYTHON="./stestr-python", HOME=str(self.project)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return done.returncode, done.stdout.decode()

    def totals(self, text: str) -> dict[str, int]:
        return {name: int(number) for name, number in re.findall(r"- (Passed|Skipped|Failed): (\d+)", text)}

    def test_run_last_and_failing(self) -> None:
        status, text = self.stestr("run", "--concurrency", "2")
        self.assertEqual((1, {"Passed": 2, "Skipped": 1, "Failed": 1}), (status, self.totals(text)), text)
        status, text = self.stestr("last")
        self.assertEqual((1, {"Passed": 2, "Skipped": 1, "Failed": 1}), (status, self.totals(text)), text)
        self.assertEqual("tests.A.test_bad", self.stestr("failing", "--list")[1].strip())
        tests = (self.project / "tests.py").read_text()
        self.write("tests.py", tests.replace('self.fail("bad")', "pass"))
        status, text = self.stestr("run", "--failing")
        self.assertEqual((0, {"Passed": 1, "Skipped": 0, "Failed": 0}), (status, self.totals(text)), text)

    def test_list(self) -> None:
        self.stestr("init")
        listed = self.stestr("list")[1].split()
        self.assertEqual(
            ["tests.A.test_bad", "tests.A.test_good", "tests.B.test_good", "tests.B.test_skipped"], sorted(listed)
        )
