"""Each tracker: what it counts, and why it cannot."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.machinery
import mmap
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import types
import unittest
import warnings
from collections.abc import Iterator
from unittest import mock

from zope.testrunner import leaks
from zope.testrunner.leaks.entry_points import may_be_announced
from zope.testrunner.leaks.readings import Unit
from zope.testrunner.leaks.trackers import blocks, descriptors, refcounts
from zope.testrunner.leaks.trackers import process_memory as memory
from zope.testrunner.leaks.trackers.descriptors import Descriptors, describe
from zope.testrunner.leaks.trackers.objects import Objects, References, Young
from zope.testrunner.leaks.trackers.refcounts import TypeTable, type_title
from zope.testrunner.leaks.trackers.threads import Threads

MEGABYTE = 1024 * 1024


def environment() -> dict[str, str]:
    """For child processes that import what this one can."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": ""}


def usable(name: str) -> bool:
    return leaks.tracker(name).unavailable() is None


class TestRegistry(unittest.TestCase):
    """Trackers by name."""

    def test_every_name_makes_a_tracker_of_that_name(self) -> None:
        for name in leaks.TRACKERS:
            with self.subTest(name):
                self.assertEqual(name, leaks.tracker(name).name)

    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with self.assertRaisesRegex(
            LookupError, "no leak tracker is called 'blokcs'; there are refcounts, blocks, "
        ):
            leaks.tracker("blokcs")

    def test_each_is_available_or_says_why_not(self) -> None:
        names = {each.name for each in leaks.available()} | set(leaks.unavailable())

        self.assertLessEqual(set(leaks.TRACKERS), names)
        for name, missing in leaks.unavailable().items():
            self.assertGreater(len(missing.why), 20, name)

    def test_available_trackers_sample(self) -> None:
        for each in leaks.available():
            with self.subTest(each.name):
                self.assertGreater(each.sample().total, 0)

    def test_layers_are_repeated_with_the_best_there_is(self) -> None:
        expected = "refcounts" if hasattr(sys, "gettotalrefcount") else "blocks"

        self.assertEqual([expected], [each.name for each in leaks.trackers_for_repeat()])

    def test_what_disturbs_readings_is_named(self) -> None:
        def say(*where: object) -> None:
            pass

        before = sys.gettrace(), sys.getprofile()
        try:
            sys.settrace(None)
            sys.setprofile(None)
            quiet = leaks.what_disturbs()
            sys.settrace(say)  # type: ignore[arg-type]  # any function will do
            sys.setprofile(say)
            noisy = leaks.what_disturbs() or ""
        finally:
            sys.settrace(before[0])
            sys.setprofile(before[1])

        # Another tool may watch these tests.
        self.assertNotIn("a profiler", quiet or "")
        self.assertIn("a trace function (coverage, a debugger) and a profiler", noisy)

    def test_tracing_of_memory_disturbs(self) -> None:
        if tracemalloc.is_tracing():
            self.skipTest("it is being traced")
        tracemalloc.start()
        try:
            self.assertIn("tracemalloc", leaks.what_disturbs() or "")
        finally:
            tracemalloc.stop()

    @unittest.skipUnless(hasattr(sys, "monitoring"), "Python 3.12 and later have tools")
    def test_monitoring_tools_disturb(self) -> None:
        sys.monitoring.use_tool_id(4, "watcher")
        try:
            self.assertIn("the monitoring tool 'watcher'", leaks.what_disturbs() or "")
        finally:
            sys.monitoring.free_tool_id(4)

    def test_ordinary_builds_say_what_a_debug_build_adds(self) -> None:
        words = leaks.what_more_a_debug_build_reads()
        if hasattr(sys, "gettotalrefcount"):
            self.assertIsNone(words)
        else:
            self.assertIn("memory blocks are counted instead", words or "")

    def test_importing_the_package_loads_no_tracker(self) -> None:
        program = (
            "import sys, zope.testrunner.leaks.readings; "
            "print([name for name in sys.modules if name.startswith('zope.testrunner.leaks.')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment()
        )

        self.assertEqual(("['zope.testrunner.leaks.readings']\n", ""), (done.stdout, done.stderr))

    def test_every_public_name_is_there(self) -> None:
        for name in leaks.__all__:
            self.assertTrue(hasattr(leaks, name), name)
        self.assertFalse(hasattr(leaks, "no_such_name"))


TRACKER = """
from zope.testrunner.leaks.readings import Sample, Unit

class Connections:
    name = "connections"
    unit = Unit.COUNT
    open = 3

    def unavailable(self):
        return None

    def sample(self):
        return Sample(self.open)

class Rival(Connections):
    name = "blocks"

class Rising(Connections):
    name = "rising"
    number = 0
    def sample(self):
        Rising.number += 1
        return Sample(self.number)

class Failing(Connections):
    name = "failing"
    calls = 0
    def sample(self):
        Failing.calls += 1
        raise OSError("no more")

class Strange(Connections):
    def unavailable(self):
        raise LookupError("strange")
"""


class TestThirdParty(unittest.TestCase):
    """Trackers of other packages."""

    @contextlib.contextmanager
    def installed(self, entry_points: str) -> Iterator[None]:
        with tempfile.TemporaryDirectory() as place, mock.patch.object(sys, "path", [place, *sys.path]):
            folder = pathlib.Path(place)
            (folder / "other_tracker.py").write_text(TRACKER)
            about = folder / "other-1.0.dist-info"
            about.mkdir()
            (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
            (about / "entry_points.txt").write_text(f"[zope.testrunner.trackers]\n{entry_points}\n")
            importlib.invalidate_caches()
            try:
                yield
            finally:
                sys.modules.pop("other_tracker", None)

    def test_one_that_is_announced_can_be_used(self) -> None:
        with self.installed("connections = other_tracker:Connections"):
            self.assertEqual(3, leaks.tracker("connections").sample().total)
            self.assertIn("connections", [each.name for each in leaks.available()])

    def test_hunts_and_repeated_layers_use_it_without_being_told(self) -> None:
        with self.installed("rising = other_tracker:Rising"):
            finding = leaks.hunt(lambda: None, explain=False)
            trackers = [each.name for each in leaks.trackers_for_repeat()]

        self.assertEqual(["rising"], [verdict.tracker for verdict in finding.grown])
        self.assertEqual("rising", trackers[1])

    def test_one_that_raises_is_asked_once_and_breaks_nothing(self) -> None:
        with self.installed("failing = other_tracker:Failing"), warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            finding = leaks.hunt(lambda: None)
            calls = sys.modules["other_tracker"].Failing.calls

        self.assertEqual((False, 1), (finding.is_leak, calls))
        self.assertIn("leak tracker 'failing' failed, and is not asked again: OSError", str(given[0].message))

    def test_one_that_cannot_say_whether_it_works_is_not_used(self) -> None:
        with self.installed("strange = other_tracker:Strange"):
            self.assertEqual(1, len(leaks.trackers_for_repeat()))

    def test_one_that_cannot_be_loaded_is_left_out_with_a_warning(self) -> None:
        with self.installed("lost = no_such_module:Tracker"), warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            self.assertEqual((), leaks.third_party())

        self.assertIn("leak tracker lost = no_such_module:Tracker cannot be loaded", str(given[0].message))

    def test_a_name_is_taken_only_once(self) -> None:
        with self.installed("rival = other_tracker:Rival"), warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            self.assertEqual((), leaks.third_party())

        self.assertIn("there is one called 'blocks' already", str(given[0].message))


class TestAnnounced(unittest.TestCase):
    """Whether it takes a closer look to find out what packages announce."""

    def setUp(self) -> None:
        self.place = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def may_be(self, *path: str) -> bool:
        with (
            mock.patch.object(sys, "path", [str(self.place), *path]),
            mock.patch.object(sys, "meta_path", [importlib.machinery.PathFinder]),
        ):
            return may_be_announced("zope.testrunner.trackers")

    def package(self, about: str, text: str | None) -> None:
        (self.place / about).mkdir(parents=True)
        if text is not None:
            (self.place / about / "entry_points.txt").write_text(text)

    def test_packages_without_entry_points_or_with_others_announce_none(self) -> None:
        self.package("silent-1.0.dist-info", None)
        self.package("other-1.0.dist-info", "[console_scripts]\nother = other:main\n")
        (self.place / "single.egg-info").write_text("Name: single")

        self.assertFalse(self.may_be(str(self.place / "missing")))

    def test_entry_points_of_the_group_are_seen(self) -> None:
        self.package("one-1.0.dist-info", "[zope.testrunner.trackers]\none = one:One\n")

        self.assertTrue(self.may_be())

    def test_eggs_are_looked_into(self) -> None:
        self.package("two.egg/EGG-INFO", "[zope.testrunner.trackers]\ntwo = two:Two\n")

        self.assertFalse(self.may_be())
        self.assertTrue(self.may_be(str(self.place / "two.egg")))

    def test_an_archive_takes_a_closer_look(self) -> None:
        (self.place / "packages.zip").write_bytes(b"")

        self.assertTrue(self.may_be(str(self.place / "packages.zip")))

    def test_a_finder_of_packages_takes_a_closer_look(self) -> None:
        with mock.patch.object(sys, "meta_path", [mock.Mock(spec=["find_distributions"])]):
            self.assertTrue(may_be_announced("zope.testrunner.trackers"))


class TestBlocks(unittest.TestCase):
    """Memory blocks."""

    @unittest.skipUnless(usable("blocks"), "blocks are not counted here")
    def test_each_object_is_a_block(self) -> None:
        tracker = blocks.Blocks()
        kept: list[object] = [None] * 100
        places = range(len(kept))
        before = after = tracker.sample().total
        before = tracker.sample().total
        for place in places:
            kept[place] = object()
        after = tracker.sample().total

        # The numbers that were read are objects as well.
        self.assertIn(after - before, range(100, 104))

    def test_builds_without_an_allocator_are_named(self) -> None:
        program = (
            "import sys; sys.getallocatedblocks = int\n"
            "from zope.testrunner.leaks import unavailable; print(unavailable()['blocks'].why)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True
        )

        self.assertEqual("this build of Python counts no memory blocks, as it has no allocator of its own\n", done.stdout)

    def test_other_allocators_are_named(self) -> None:
        program = "from zope.testrunner.leaks import unavailable; print(unavailable()['blocks'].why)"
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env=environment() | {"PYTHONMALLOC": "malloc"},
        )

        self.assertEqual(
            ("memory blocks are not counted with PYTHONMALLOC=malloc; unset it to count them\n", ""),
            (done.stdout, done.stderr),
        )

    def test_other_pythons_are_named(self) -> None:
        with mock.patch.object(blocks, "_allocated", None):
            missing = blocks.Blocks().unavailable()

            self.assertIn("CPython does", missing.why if missing else "")
            with self.assertRaisesRegex(RuntimeError, "ask unavailable"):
                blocks.Blocks().sample()

    @unittest.skipUnless(usable("blocks"), "needs the allocator of CPython")
    def test_they_are_counted_on_free_threaded_builds(self) -> None:
        with mock.patch.object(sys, "abiflags", "t"):
            self.assertIsNone(blocks.Blocks().unavailable())


class TestRefcounts(unittest.TestCase):
    """References."""

    @unittest.skipUnless(usable("refcounts"), "needs a debug build")
    def test_a_reference_is_a_reference(self) -> None:
        tracker = refcounts.Refcounts()
        thing = object()
        kept: list[object] = [thing, thing]
        before = after = 10**6
        for _ in range(3):
            kept[0] = None
            before = tracker.sample().total
            kept[0] = thing
            after = tracker.sample().total
        # None had the reference before, which counts on 3.11.
        expected = 1 if sys.version_info >= (3, 12) else 0

        self.assertIn(after - before - expected, (0, 1))

    def test_ordinary_builds_are_named(self) -> None:
        with mock.patch.object(refcounts, "_total_refcount", None):
            missing = refcounts.Refcounts().unavailable()

            self.assertIn("--with-pydebug", missing.why if missing else "")
            self.assertEqual((), refcounts.foreign_extensions())
            with self.assertRaisesRegex(RuntimeError, "debug build"):
                refcounts.Refcounts().sample()

    def test_extensions_built_for_other_pythons_are_named(self) -> None:
        module = types.ModuleType("foreign")
        module.__spec__ = mock.Mock(origin="/somewhere/foreign.abi3.so")
        with (
            mock.patch.object(refcounts, "_total_refcount", int),
            mock.patch.dict(sys.modules, foreign=module),
        ):
            self.assertIn("foreign", refcounts.foreign_extensions())

    def test_a_hunt_that_cannot_judge_references_for_their_sake_says_so(self) -> None:
        with mock.patch.object(refcounts, "foreign_extensions", return_value=("first", "second")):
            self.assertIn("first and 1 more do not", leaks.what_hunts_cannot_see() or "")


class Thing:
    """One of its kind."""


class TestTypeTable(unittest.TestCase):
    """Numbers by type."""

    def table(self) -> TypeTable:
        table = TypeTable()
        table.begin()
        table.update()
        table.update()
        return table

    def test_new_instances_have_a_row(self) -> None:
        table = self.table()
        things = [Thing(), Thing()]
        _, rows = table.update()

        self.assertIn((f"{__name__}.Thing", len(things), 2), rows)
        del things
        _, rows = table.update()
        self.assertIn((f"{__name__}.Thing", -2, -2), rows)

    def test_atoms_of_new_objects_have_a_row(self) -> None:
        table = self.table()
        numbers = [len(self.id()) / 7, (len(self.id()) / 11, "text" * len(self.id()))]
        _, rows = table.update()

        self.assertEqual(
            {"float": (2, 2), "str": (1, 1)}, {row[0]: row[1:] for row in rows if row[0] in ("float", "str")}
        )
        del numbers

    def test_hostile_types_have_titles(self) -> None:
        class Meta(type):
            @property
            def __module__(cls) -> str:  # type: ignore[override]
                raise RuntimeError("no module")

            def __getattribute__(cls, name: str) -> object:
                raise RuntimeError("no attributes")

        made = Meta("Hostile", (), {})

        self.assertTrue(type_title(made).endswith("Hostile"))
        self.assertEqual("dict", type_title(dict))
        self.assertEqual(f"{__name__}.Thing", type_title(Thing))

    def test_a_type_without_a_module_has_its_name(self) -> None:
        made = type("Made", (), {"__module__": None})

        self.assertEqual("Made", type_title(made))


class TestObjects(unittest.TestCase):
    """Objects that the collector knows."""

    def test_a_new_list_is_one_more(self) -> None:
        for kind in (Objects, Young):
            with self.subTest(kind.__name__):
                tracker = kind()
                kept = None
                tracker.sample()
                before = tracker.sample().total
                kept = [before]
                after = tracker.sample().total

                self.assertEqual(1, after - before, kept)

    def test_collectors_without_generations_count_as_well(self) -> None:
        def objects(*generation: int) -> list[object]:
            if generation:
                raise NotImplementedError
            return []

        with mock.patch("zope.testrunner.leaks.trackers.objects._objects", objects):
            self.assertIsNone(Objects().unavailable())

    def test_pythons_without_a_list_of_objects_are_named(self) -> None:
        with mock.patch("zope.testrunner.leaks.trackers.objects._objects", side_effect=NotImplementedError):
            for kind in (Objects, Young, References):
                self.assertIsNotNone(kind().unavailable())


class TestMemory(unittest.TestCase):
    """Bytes."""

    @unittest.skipUnless(usable("heap"), "this C library does not tell")
    def test_the_heap_sees_what_python_does_not(self) -> None:
        tracker = memory.Heap()
        before = tracker.sample().total
        buffer = ctypes.create_string_buffer(MEGABYTE)
        after = tracker.sample().total

        self.assertIs(Unit.BYTES, tracker.unit)
        self.assertAlmostEqual(MEGABYTE, after - before, delta=64 * 1024)
        del buffer

    @unittest.skipUnless(usable("uss"), "this system does not tell")
    def test_the_system_sees_touched_pages(self) -> None:
        for tracker in (memory.Resident(), memory.Unique()):
            with self.subTest(tracker.name), mmap.mmap(-1, 8 * MEGABYTE) as mapped:
                before = tracker.sample().total
                for place in range(0, 8 * MEGABYTE, 4096):
                    mapped[place] = 1
                after = tracker.sample().total

                self.assertGreater(after - before, 7 * MEGABYTE)

    def test_systems_without_the_files_are_named(self) -> None:
        with mock.patch.object(memory.Resident, "_path", "/no/such/file"):
            missing = memory.Resident().unavailable()

        self.assertIn("/no/such/file", missing.why if missing else "")

    def test_other_c_libraries_are_named(self) -> None:
        with mock.patch.object(memory, "_heap_reader", lambda: None):
            tracker = memory.Heap()

        self.assertIsNotNone(tracker.unavailable())
        with self.assertRaisesRegex(RuntimeError, "glibc"):
            tracker.sample()


@unittest.skipUnless(usable("descriptors"), "this system does not list them")
class TestDescriptors(unittest.TestCase):
    """Open descriptors."""

    def test_an_open_file_is_one_more_and_has_its_name(self) -> None:
        plain, detailed = Descriptors(), Descriptors(details=True)
        before = plain.sample().total
        with open(__file__, "rb") as file:
            self.assertEqual(1, plain.sample().total - before)
            self.assertEqual(plain.sample().total, detailed.sample().total)
            self.assertEqual((1, 0), (detailed.sample().detail or {})[os.path.realpath(__file__)])
            self.assertIn(file.fileno(), detailed.open_numbers())

    def test_pipes_and_sockets_say_what_they_are(self) -> None:
        ends = os.pipe()
        try:
            self.assertEqual("pipe", describe(ends[0]))
        finally:
            for end in ends:
                os.close(end)
        with socket.create_server(("127.0.0.1", 0)) as server:
            host, port = server.getsockname()
            self.assertEqual(f"socket at {host}:{port}", describe(server.fileno()))
            with socket.create_connection((host, port)) as client:
                self.assertEqual(f"socket to {host}:{port}", describe(client.fileno()))

    def test_a_closed_one_has_only_its_number(self) -> None:
        self.assertEqual("descriptor 987654", describe(987654))

    def test_the_number_is_the_same_where_the_directory_has_no_size(self) -> None:
        with mock.patch("zope.testrunner.leaks.trackers.descriptors._is_sized", return_value=False):
            listing = Descriptors()
        plain = Descriptors()
        with open(__file__, "rb"):
            self.assertEqual(listing.sample().total, plain.sample().total)
        self.assertEqual(listing.sample().total, plain.sample().total)

    def test_the_size_of_the_directory_is_asked_for_where_it_is_the_number(self) -> None:
        directory = descriptors._DIRECTORIES[0]
        sizes = []
        for number in range(3):
            with contextlib.ExitStack() as opened:
                for _ in range(number):
                    opened.enter_context(open(__file__, "rb"))
                sizes.append(os.stat(directory).st_size if os.path.isdir(directory) else 0)

        self.assertEqual(sizes == list(range(sizes[0], sizes[0] + 3)), descriptors._is_sized(directory))

    def test_a_directory_of_another_kind_has_no_such_size(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertFalse(descriptors._is_sized(folder))
            self.assertFalse(descriptors._is_sized(os.path.join(folder, "missing")))

    def test_systems_that_list_none_are_named(self) -> None:
        with mock.patch("os.path.isdir", return_value=False):
            tracker = Descriptors()

        self.assertIsNotNone(tracker.unavailable())
        self.assertEqual((), tracker.open_numbers())
        with self.assertRaisesRegex(RuntimeError, "ask unavailable"):
            tracker.sample()


class TestThreads(unittest.TestCase):
    """Threads."""

    def test_a_running_thread_is_one_more_and_has_its_name(self) -> None:
        plain, detailed = Threads(), Threads(details=True)
        before = plain.sample().total
        end = threading.Event()
        thread = threading.Thread(target=end.wait, name="the waiting one")
        thread.start()
        try:
            self.assertEqual(1, plain.sample().total - before)
            self.assertEqual((1, 0), (detailed.sample().detail or {})["the waiting one"])
        finally:
            end.set()
            thread.join()


if __name__ == "__main__":
    unittest.main()
