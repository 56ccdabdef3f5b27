"""Tests that replace clocks, files, processes and threads for everybody: the runner notices nothing of it."""

from __future__ import annotations

import datetime
import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from xml.etree import ElementTree

from support import ProjectCase, environment, run_tests

#: Does to the world what such tools do: to names in all modules, to attributes of the system's modules, and to functions.
DOUBLES = """
    import io
    import os
    import select
    import sys
    import threading
    import time

    def broken(*args, **more):
        raise RuntimeError("this world is another one")

    def frozen(*args):
        # Each time it is asked it is earlier.
        frozen.now -= 1000.0
        return frozen.now

    frozen.now = 0.0

    class Fake:
        '''Stands for a module.'''
        def __getattr__(self, name):
            if name == "path":
                return os.path
            return broken

    CLOCKS = {id(getattr(time, name)) for name in ("time", "monotonic", "perf_counter", "sleep")}
    NAMES = ("read", "write", "open", "fstat", "stat", "listdir", "dup", "dup2", "replace")
    FUNCTIONS = {id(open), *(id(getattr(os, name)) for name in NAMES)}
    MODULES = {id(os), id(io)}

    def ours():
        for name, module in list(sys.modules.items()):
            if name.startswith("zope.testrunner"):
                for key, value in list(vars(module).items()):
                    yield module, key, value

    def freeze():
        for module, key, value in ours():
            if id(value) in CLOCKS:
                setattr(module, key, frozen)
        for name in ("time", "monotonic", "perf_counter"):
            setattr(time, name, frozen)

    def fake_files():
        for module, key, value in ours():
            if id(value) in MODULES:
                setattr(module, key, Fake())
            elif id(value) in FUNCTIONS:
                setattr(module, key, broken)
        for name in ("read", "write", "listdir", "fstat", "dup2", "replace"):
            setattr(os, name, broken)

    def go_green():
        for name in ("read", "write", "waitpid"):
            setattr(os, name, broken)
        select.select = time.sleep = broken
        if hasattr(select, "poll"):
            del select.poll
        threading.Thread.start = threading.Event.wait = broken
"""

TESTS = """
    import unittest

    import doubles

    {at_import}

    class Other:
        @classmethod
        def setUp(cls):
            {in_layer}

        @classmethod
        def tearDown(cls):
            pass

    class A(unittest.TestCase):
        layer = Other

        def test_1(self):
            {in_test}

        def test_2_fails(self):
            self.fail("as it should")

        def test_3_parts(self):
            for number in range(2):
                with self.subTest(number):
                    self.fail(f"part {{number}}")

    class B(unittest.TestCase):
        def test_4(self):
            pass
"""

WAYS = (
    (),
    ("-j2",),
    ("-j2", "--start-method", "spawn"),
    ("--isolate",),
    ("--timeout", "60"),
    ("--leaks",),
    ("--rss-log", "r.csv"),
)
TOTAL = r"Total: 4 tests, 3 failures, 0 errors and 0 skipped in 0\.\d{3} seconds"


class DoublesTest(ProjectCase):
    """Whatever is replaced, and whenever, each test has its result in every format."""

    def check(self, double: str) -> None:
        self.write("doubles.py", DOUBLES)
        for place in ("at_import", "in_layer", "in_test"):
            words = dict.fromkeys(("at_import", "in_layer", "in_test"), "pass") | {place: f"doubles.{double}()"}
            self.write("tests.py", TESTS.format(**words))
            for way in WAYS:
                with self.subTest(place=place, way=way):
                    done = run_tests(
                        "--path", ".", "--junit-xml", "j.xml", "--event-log", "e.jsonl", *way, cwd=self.project, raw=True
                    )

                    self.assertRegex(done.out, TOTAL, done)
                    for text in ("as it should", "part 0", "part 1"):
                        self.assertIn(text, done.out)
                    root = ElementTree.parse(self.project / "j.xml").getroot()
                    names = {case.get("name") for case in root.iter("testcase")}
                    self.assertLess({"test_1", "test_2_fails", "test_4"}, names)
                    times = [float(case.get("time", "-1")) for case in root.iter("testcase")]
                    self.assertTrue(all(0.0 <= each < 60.0 for each in times), times)
                    stamps = [suite.get("timestamp", "")[:4] for suite in root.iter("testsuite")]
                    self.assertTrue(all(int(stamp) > 2000 for stamp in stamps), stamps)
                    lines = (self.project / "e.jsonl").read_text().splitlines()
                    self.assertEqual("RunFinished", json.loads(lines[-1])["event"], lines[-1])

    def test_clocks(self) -> None:
        self.check("freeze")

    def test_files(self) -> None:
        self.check("fake_files")

    def test_green_threads(self) -> None:
        self.check("go_green")


@unittest.skipIf(importlib.util.find_spec("subunit") is None, "needs python-subunit")
class StreamsTest(ProjectCase):
    """What is written by a library that others replace parts of, for themselves."""

    CLASSES = """

    def other_library():
        # What the library uses of Python, as far as it could be replaced.
        import datetime, struct, zlib

        class datetime_class(datetime.datetime):
            def __new__(cls, *args, **more):
                broken()

        for module, key, value in ours():
            if value in (datetime.datetime, datetime.timedelta):
                setattr(module, key, datetime_class if value is datetime.datetime else value)
        datetime.datetime = datetime_class
        for name in ("subunit", "subunit.v2", "testtools", "testtools.content", "iso8601"):
            sys.modules[name] = Fake()
    """

    def check(self, double: str) -> None:
        self.write("doubles.py", DOUBLES + self.CLASSES)
        for place in ("at_import", "in_layer", "in_test"):
            words = dict.fromkeys(("at_import", "in_layer", "in_test"), "pass") | {place: f"doubles.{double}()"}
            self.write("tests.py", TESTS.format(**words))
            for way in ((), ("-j2",)):
                with self.subTest(place=place, way=way):
                    run_tests("--path", ".", "--format", "subunit-v2=second", "--subunit", *way, cwd=self.project)
                    first = run_tests("--path", ".", "--subunit", *way, cwd=self.project, raw=True).out
                    self.assertEqual(
                        ["tests.A.test_2_fails", "tests.A.test_3_parts"],
                        re.findall(r"^failure: (\S+) ", first, re.MULTILINE),
                        first,
                    )
                    stamps = re.findall(r"^time: (\d+)-", first, re.MULTILINE)
                    self.assertTrue(stamps and all(int(stamp) > 2020 for stamp in stamps), stamps)
                    self.check_second((self.project / "second").read_bytes())

    def check_second(self, stream: bytes) -> None:
        import subunit  # type: ignore[import-not-found,import-untyped,unused-ignore]

        found = []

        class Reader:
            def status(self, test_id: str, test_status: str, timestamp: datetime.datetime, **more: object) -> None:
                found.append((test_id, test_status, timestamp.year > 2020))

        subunit.ByteStreamToStreamResult(io.BytesIO(stream)).run(Reader())
        ended = [each for each in found if each[1] not in (None, "inprogress")]
        ends = {name: status for name, status, _ in ended if name.startswith("tests.")}
        expected = {
            "tests.A.test_1": "success", "tests.A.test_2_fails": "fail", "tests.A.test_3_parts": "fail",
            "tests.B.test_4": "success", "tests.Other:setUp": "success", "tests.Other:tearDown": "success",
        }  # fmt: skip
        self.assertEqual(expected, ends)
        self.assertTrue(all(is_real for *_, is_real in found))

    def test_clocks(self) -> None:
        self.check("freeze")

    def test_files(self) -> None:
        self.check("fake_files")

    def test_the_library(self) -> None:
        self.check("other_library")


def needs(module: str) -> Callable[[type], type]:
    return unittest.skipIf(importlib.util.find_spec(module) is None, f"needs {module}")  # type: ignore[return-value]


class PackageCase(ProjectCase):
    """The same with the packages that do so."""

    def check(self, tests: str, expected: str, ways: tuple[tuple[str, ...], ...] = WAYS) -> None:
        self.write("tests.py", tests)
        for way in ways:
            with self.subTest(way):
                done = run_tests("--path", ".", "--junit-xml", "j.xml", *way, cwd=self.project, PYTHONWARNINGS="ignore")
                self.assertIn(expected, done.out, done)


@needs("freezegun")
class FreezegunTest(PackageCase):
    def test_a_clock_that_is_moved_back(self) -> None:
        self.check(
            """
            import datetime, unittest
            from freezegun import freeze_time

            class Site:
                @classmethod
                def setUp(cls):
                    cls.freezer = freeze_time("2020-06-01")
                    cls.clock = cls.freezer.start()

                @classmethod
                def tearDown(cls):
                    cls.freezer.stop()

            class Calendar(unittest.TestCase):
                layer = Site

                def test_1(self):
                    self.assertEqual(2020, datetime.date.today().year)

                def test_2(self):
                    Site.clock.move_to("2019-06-01")
                    self.assertEqual(2019, datetime.date.today().year)

                def test_3(self):
                    Site.clock.move_to("2021-06-01")
            """,
            "Ran 3 tests with 0 failures, 0 errors",
        )
        names = [case.get("name") for case in ElementTree.parse(self.project / "j.xml").getroot().iter("testcase")]
        self.assertEqual(["test_1", "test_2", "test_3"], names)


@needs("pyfakefs")
class PyfakefsTest(PackageCase):
    def test_a_file_system_for_each_test(self) -> None:
        self.check(
            """
            import os
            from pyfakefs.fake_filesystem_unittest import TestCase

            class A(TestCase):
                def setUp(self):
                    self.setUpPyfakefs()

                def test_a(self):
                    self.fs.create_file("/data/x.txt", contents="x")

                def test_b_fails(self):
                    self.fail("here")

                def test_c_parts(self):
                    for number in range(2):
                        with self.subTest(number):
                            self.fail(str(number))

                def test_d_goes_elsewhere(self):
                    os.mkdir("/zz")
                    os.chdir("/zz")
            """,
            "Ran 4 tests with 3 failures, 0 errors",
        )

    def test_a_file_system_for_a_layer(self) -> None:
        self.check(
            """
            import unittest
            from pyfakefs.fake_filesystem_unittest import Patcher

            class Files:
                @classmethod
                def setUp(cls):
                    cls.patcher = Patcher()
                    cls.patcher.setUp()

                @classmethod
                def tearDown(cls):
                    cls.patcher.tearDown()

            class A(unittest.TestCase):
                layer = Files

                def test_a(self):
                    with open("/there", "w") as file:
                        file.write("x")

                def test_b_fails(self):
                    self.fail("here")
            """,
            "Ran 2 tests with 1 failures, 0 errors",
        )


@needs("time_machine")
class TimeMachineTest(PackageCase):
    def test_time_stamps_are_real(self) -> None:
        self.check(
            """
            import unittest
            import time_machine

            class A(unittest.TestCase):
                def test_a(self):
                    type(self).travel = time_machine.travel(0, tick=False)
                    self.travel.start()

                def test_b(self):
                    pass
            """,
            "Ran 2 tests with 0 failures, 0 errors",
            ((), ("--isolate",)),
        )
        (suite,) = ElementTree.parse(self.project / "j.xml").getroot().iter("testsuite")
        self.assertGreater(int(suite.get("timestamp", "")[:4]), 2000)


GREEN = """
    {patch}
    import threading, time, unittest

    class A(unittest.TestCase):
        def test_a(self):
            time.sleep(0.01)

        def test_b_fails(self):
            self.fail("here")

        def test_c(self):
            thread = threading.Thread(target=time.sleep, args=(0.01,))
            thread.start()
            thread.join()

    class B(unittest.TestCase):
        def test_d(self):
            pass
"""


@needs("eventlet")
class EventletTest(PackageCase):
    def test_all_is_patched(self) -> None:
        self.check(GREEN.format(patch="import eventlet; eventlet.monkey_patch()"), "Ran 4 tests with 1 failures, 0 errors")


@needs("gevent")
class GeventTest(PackageCase):
    def test_all_is_patched(self) -> None:
        self.check(
            GREEN.format(patch="from gevent import monkey; monkey.patch_all()"), "Ran 4 tests with 1 failures, 0 errors"
        )


@unittest.skipUnless(hasattr(os, "fork"), "needs processes that can be told apart")
class OrphansTest(ProjectCase):
    """No worker outlives its parent, whatever it is doing, and in whatever world."""

    def test_a_parent_that_is_ended(self) -> None:
        self.write("doubles.py", DOUBLES)
        self.write("tests.py", """
            import os, unittest
            import doubles

            class A(unittest.TestCase):
                def setUp(self):
                    with open(f"pid-{os.getpid()}", "w"):
                        pass

                def test_busy(self):
                    while True:
                        pass

            class B(A):
                def test_busy(self):
                    doubles.go_green()
                    while True:
                        pass
            """)
        for way in (("-j2",), ("-j2", "--start-method", "spawn")):
            for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGHUP):
                with self.subTest(way=way, number=number):
                    self.check(way, number)

    def check(self, way: tuple[str, ...], number: int) -> None:
        parent = subprocess.Popen(
            [sys.executable, "-m", "zope.testrunner", "--path", ".", *way],
            cwd=self.project,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self.wait(lambda: len(self.pids()) == 2)
            parent.send_signal(number)
            parent.wait(60)
            self.wait(lambda: not any(map(self.is_running, self.pids())))
        finally:
            for pid in filter(self.is_running, self.pids()):
                os.kill(pid, signal.SIGKILL)
        for path in self.project.glob("pid-*"):
            path.unlink()

    def pids(self) -> list[int]:
        return [int(path.name.removeprefix("pid-")) for path in self.project.glob("pid-*")]

    @staticmethod
    def is_running(pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                # One that nobody has waited for runs no more.
                return re.sub(r".*\) ", "", file.read())[0] not in "ZX"
        except OSError:
            return False

    def wait(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not is_so():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
