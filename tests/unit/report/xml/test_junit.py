"""Reports in the XML format of JUnit."""

from __future__ import annotations

import contextlib
import io
import os
import types
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest import mock

import support_streams
from support_streams import ERROR, GOLDEN, LAYER, Recorder, problem, ref

from zope.testrunner.core import events
from zope.testrunner.core.events import Event
from zope.testrunner.core.model import LayerName, Outcome, Stats, TestRef
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.report.atomic_file import put, stem_of
from zope.testrunner.report.xml.junit import FilePerSuite, OneFile, directory, junit
from zope.testrunner.system import originals
from zope.testrunner.testing import replay

try:
    import xmlschema
except ImportError:
    xmlschema = None
try:
    import junitparser
except ImportError:
    junitparser = None

SCHEMA = Path(__file__).resolve().parents[3] / "junit.xsd"


class ReportCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def one(self, run: list[Event]) -> Path:
        path = self.folder / "report.xml"
        sink = OneFile(str(path), "host")
        replay(run, sink)
        sink.close()
        return path

    def root(self, run: list[Event]) -> ET.Element:
        return ET.parse(self.one(run)).getroot()

    def files(self, run: list[Event]) -> dict[str, ET.Element]:
        sink = FilePerSuite(str(self.folder), "host")
        replay(run, sink)
        sink.close()
        found = sorted((self.folder / "testreports").iterdir())
        return {path.name: ET.parse(path).getroot() for path in found}


def ended(note: Recorder) -> list[Event]:
    return note.result(Stats(), 1)


class GoldenTest(ReportCase):
    """Every recorded run has the report that is expected, which is valid and means the same to those who read it."""

    maxDiff = None

    def test_the_report_is_as_expected(self) -> None:
        for stream in support_streams.STREAMS:
            with self.subTest(stream.__name__):
                golden = GOLDEN.joinpath(f"{stream.__name__}.junit.xml").read_text(encoding="ascii")

                self.assertEqual(golden, support_streams.report_in_xml(stream))

    @unittest.skipIf(xmlschema is None, "needs xmlschema")
    def test_the_report_is_valid(self) -> None:
        schema = xmlschema.XMLSchema(str(SCHEMA))
        for path in sorted(GOLDEN.glob("*.junit.xml")):
            if path.stat().st_size:
                with self.subTest(path.name):
                    schema.validate(str(path))

    @unittest.skipIf(junitparser is None, "needs junitparser")
    def test_counts_are_those_of_the_run(self) -> None:
        for stream, stats in ((support_streams.problems, Stats(10, 5, 2, 3)), (support_streams.layers, Stats(1, 0, 4))):
            report = junitparser.JUnitXml.fromfile(str(self.one(stream())))

            self.assertEqual((stats.failures, stats.errors), (report.failures, report.errors))
            self.assertEqual(report.tests, sum(suite.tests for suite in report))
            self.assertEqual(report.tests, sum(len(list(suite)) for suite in report))


class CaseTest(ReportCase):
    """What becomes of the things that happen to a test."""

    def case(self, *happened: tuple[object, ...], **more: object) -> ET.Element:
        note = Recorder()
        for kind, *details in happened:
            note(kind, *details, **more)  # type: ignore[arg-type]  # a kind of event
        return self.root(ended(note))[0][1]

    def test_times_have_no_exponent(self) -> None:
        case = self.case((events.TestFinished, ref("test_a"), Outcome.PASSED, 0.0000012))
        self.assertEqual("0.000001", case.get("time"))

    def test_the_time_of_a_second_problem_is_what_came_after_the_first(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.ProblemReported, test, problem(), 0.5)
        note(events.ProblemReported, test, ERROR, 0.75)
        note(events.TestFinished, test, Outcome.ERRORED, 0.75)
        suite = self.root(ended(note))[0]

        self.assertEqual(["0.500000", "0.250000"], [case.get("time") for case in suite.iter("testcase")])
        self.assertEqual("0.750000", suite.get("time"))

    def test_output_after_the_last_problem_belongs_to_it(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.ProblemReported, test, problem(), 0.5, None, "one\n", "err\n")
        note(events.TestFinished, test, Outcome.FAILED, 0.75, (), "two\n", None)
        case = self.root(ended(note))[0][1]

        self.assertEqual(("one\ntwo\n", "err\n"), (case.findtext("system-out"), case.findtext("system-err")))

    def test_what_comes_after_sub_tests_that_failed_belongs_to_the_last(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.ProblemReported, test, problem(), 0.5, f"{test.label} (i=1)")
        note(events.ProblemReported, test, problem(), 0.5, f"{test.label} (i=2)")
        note(events.TestFinished, test, Outcome.FAILED, 0.75, (), "late\n", None)
        note(events.LeftBehind, LAYER, test, events.Left.THREADS, ("<t>",))
        first, second = self.root(ended(note))[0].iter("testcase")

        self.assertEqual((None, "late\n"), (first.findtext("system-out"), second.findtext("system-out")))
        said = f"The following test left new threads behind:\n{test.label}\nNew thread(s): [<t>]\n"
        self.assertEqual((None, said), (first.findtext("system-err"), second.findtext("system-err")))

    def skipping(self, *reasons: str, failing: tuple[object, ...] = ()) -> list[ET.Element]:
        note, test = Recorder(), ref("test_a")
        for each in failing:
            label = None if each is ERROR else f"{test.label} (i=1)"
            note(events.ProblemReported, test, each, 0.5, label)
        outcome = Outcome.FAILED if failing else Outcome.SKIPPED
        note(events.TestFinished, test, outcome, 0.75, reasons, "late\n", None)
        return list(self.root(ended(note))[0].iter("testcase"))

    def test_what_was_skipped_is_there_beside_sub_tests_that_failed(self) -> None:
        for failing in ((problem(),), (problem(), problem()), (ERROR,), (problem(), ERROR)):
            with self.subTest(failing=[each.type_name for each in failing]):
                *others, skip = self.skipping("one", "two", failing=failing)

                self.assertEqual("one; two", skip.find("skipped").get("message"))
                self.assertEqual("late\n", skip.findtext("system-out"))
                self.assertEqual("0.250000", skip.get("time"))
                self.assertEqual(len(failing), len(others))
                self.assertTrue(all(each.find("failure") is not None or each.find("error") is not None for each in others))

    def test_what_was_skipped_counts_as_such(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.ProblemReported, test, problem(), 0.5, f"{test.label} (i=1)")
        note(events.TestFinished, test, Outcome.FAILED, 0.5, ("one",))
        run = ended(note)
        suite = self.root(run)[0]
        (in_folder,) = self.files(run).values()

        self.assertEqual(("2", "1", "1"), (suite.get("tests"), suite.get("failures"), suite.get("skipped")))
        self.assertEqual("one", in_folder.find("testcase/skipped").get("message"))

    def test_output_of_a_test_that_passes(self) -> None:
        case = self.case((events.TestFinished, ref("test_a"), Outcome.PASSED, 0.0, (), "said\n", None))
        self.assertEqual(("said\n", None), (case.findtext("system-out"), case.findtext("system-err")))

    def test_control_characters_and_bytes_are_escaped(self) -> None:
        text = "\x1b[31m \x00 \udcff \ufffe <&>\"' ä 𐏿\r\n\t"
        case = self.case((events.ProblemReported, ref("test_a"), problem(message=text, traceback=text), 0.5))

        self.assertEqual("\\x1b[31m \\x00 \\udcff \\ufffe <&>\"' ä 𐏿", case[0].get("message"))
        self.assertEqual("\\x1b[31m \\x00 \\udcff \\ufffe <&>\"' ä 𐏿\r\n\t\n", case[0].text)

    def test_the_message_is_its_first_line(self) -> None:
        case = self.case((events.ProblemReported, ref("test_a"), problem(message="one\ntwo"), 0.5))
        self.assertEqual("one", case[0].get("message"))

    def test_repetitions_are_cases_of_their_own(self) -> None:
        root = self.root(support_streams.repeated())
        self.assertEqual("3", root.get("tests"))

    def test_readings_are_properties_of_the_layer(self) -> None:
        suite = self.root(support_streams.repeated())[1]
        found = {each.get("name"): each.get("value") for each in suite[0]}

        self.assertEqual(LAYER, suite.get("name"))
        self.assertEqual(("81234", "0"), (found["lap 3 blocks"], found["lap 3 blocks change"]))


class LeakTest(ReportCase):
    """A leak that fails the run fails the case."""

    verdict: ClassVar = Verdict("blocks", Unit.COUNT, Growth.LEAK, (6, 6), 6)

    def judged(self, test: TestRef | None, outcome: Outcome = Outcome.PASSED, is_problem: bool = True) -> ET.Element:
        note = Recorder()
        if test is not None:
            if outcome is Outcome.FAILED:
                note(events.ProblemReported, test, problem(), 0.5)
            note(events.TestFinished, test, outcome, 0.5)
        note(events.LeakJudged, LAYER, test, Growth.LEAK, (self.verdict,), 5, ("Leak in it", "  details"), None, is_problem)
        return self.root(ended(note))[0]

    def test_of_a_test_that_passed(self) -> None:
        suite = self.judged(ref("test_a"))
        failure = suite[1][0]

        self.assertEqual(("1", "1"), (suite.get("tests"), suite.get("failures")))
        self.assertEqual(("failure", "Leak", "Leak in it"), (failure.tag, failure.get("type"), failure.get("message")))
        self.assertEqual("Leak in it\n  details\n", failure.text)
        self.assertEqual(
            {"leaks test_a": "leak", "leaks test_a blocks each run": "6"},
            {each.get("name"): each.get("value") for each in suite[0]},
        )

    def test_of_a_test_that_failed_as_well(self) -> None:
        suite = self.judged(ref("test_a"), Outcome.FAILED)
        self.assertEqual(("2", "2"), (suite.get("tests"), suite.get("failures")))

    def test_of_a_test_that_has_skipped_something(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.TestFinished, test, Outcome.SKIPPED, 0.5, ("one",))
        note(events.LeakJudged, LAYER, test, Growth.LEAK, (self.verdict,), 5, ("Leak in it",), None, True)
        suite = self.root(ended(note))[0]

        self.assertEqual(("1", "1"), (suite.get("failures"), suite.get("skipped")))
        self.assertEqual("one", suite.find("testcase/skipped").get("message"))

    def test_one_that_is_tolerated(self) -> None:
        suite = self.judged(ref("test_a"), is_problem=False)
        self.assertEqual(("0", "leak"), (suite.get("failures"), suite[0][0].get("value")))

    def test_of_a_layer(self) -> None:
        suite = self.judged(None)
        self.assertEqual((LAYER, "1", "layer"), (suite.get("name"), suite.get("failures"), suite[1].get("name")))

    def test_growth_of_the_process(self) -> None:
        note, test = Recorder(), ref("test_a")
        note(events.TestFinished, test, Outcome.PASSED, 0.5)
        note(events.MemoryGrew, test, 10_000_000, (9_000_000,), True)
        self.assertEqual("1", self.root(ended(note)).get("failures"))


class FileTest(ReportCase):
    """The file appears as a whole, at the end."""

    def test_nothing_is_written_before_the_end(self) -> None:
        path = self.folder / "report.xml"
        path.write_text("old")
        sink = OneFile(str(path), "host")
        self.addCleanup(sink.close)
        run = support_streams.one_layer()
        replay(run[:-1], sink)
        self.assertEqual(["report.xml"], os.listdir(self.folder))
        self.assertEqual("old", path.read_text())

        replay(run[-1:], sink)
        self.assertIn("testsuites", path.read_text())
        self.assertEqual(["report.xml"], os.listdir(self.folder))

    def test_a_run_that_is_broken_off_is_reported_as_far_as_it_came(self) -> None:
        root = self.root(support_streams.one_layer()[:-4])
        self.assertEqual("3", root.get("tests"))

    def test_a_run_that_never_began_leaves_nothing(self) -> None:
        self.assertFalse(self.one([]).exists())

    def test_directories_are_made(self) -> None:
        path = self.folder / "a" / "b" / "report.xml"
        sink = junit(types.SimpleNamespace(), str(path))  # type: ignore[arg-type]
        replay(support_streams.one_layer(), sink)
        sink.close()
        self.assertTrue(path.exists())

    def test_a_directory_is_no_file(self) -> None:
        with self.assertRaises(IsADirectoryError):
            OneFile(str(self.folder), "host")

    def test_a_link_is_followed(self) -> None:
        target, link = self.folder / "target", self.folder / "link"
        link.symlink_to(target)
        put(str(link), "text")
        self.assertTrue(link.is_symlink())
        self.assertEqual("text", target.read_text())

    def test_a_file_that_cannot_be_replaced_leaves_no_rest(self) -> None:
        with mock.patch.object(originals.os, "replace", side_effect=OSError("no")), self.assertRaises(OSError):
            put(str(self.folder / "x"), "text")
        self.assertEqual([], os.listdir(self.folder))

    def test_a_device_is_written_to(self) -> None:
        put(os.devnull, "text")
        sink = OneFile(os.devnull, "host")
        replay(support_streams.one_layer(), sink)
        sink.close()
        self.assertFalse(os.path.isfile(os.devnull))

    def test_standard_output(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            sink = OneFile(None, "host")
        # While tests run, what is printed is caught.
        replay(support_streams.one_layer(), sink)
        sink.close()
        self.assertEqual("testsuites", ET.fromstring(out.getvalue()).tag)


class DirectoryTest(ReportCase):
    """A file for each suite, in the form that these files have had."""

    def test_a_file_looks_as_ever(self) -> None:
        note, test = Recorder(), ref("test_fails")
        note(events.TestFinished, ref("test_a"), Outcome.PASSED, 0.0000012)
        note(events.ProblemReported, test, problem(), 0.5)
        note(events.TestFinished, test, Outcome.FAILED, 0.5)
        with mock.patch.object(originals.time, "localtime", originals.time.gmtime):
            self.files(ended(note))

        self.assertEqual(
            """\
<testsuite tests="2" errors="0" failures="1" hostname="host" name="shop.tests.Prices" time="0.500001" \
timestamp="1970-01-01T00:00:03.000000" skipped="0">
  <properties />
  <testcase classname="shop.tests.Prices" name="test_a" time="0.000001" />
  <testcase classname="shop.tests.Prices" name="test_fails" time="0.500000">
    <failure message="9 != 10" type="&lt;class 'AssertionError'&gt;">9 != 10

  File "/shop/tests.py", line 12, in test_price
    self.assertEqual(price(3), 10)
   - __traceback_info__: {'amount': 3}
</failure>
  </testcase>
  <system-out />
  <system-err />
</testsuite>""",
            (self.folder / "testreports" / "shop.tests.Prices.xml").read_text(),
        )

    def test_every_problem_of_a_run(self) -> None:
        found = self.files(support_streams.problems())["shop.tests.Prices.xml"]

        counts = tuple(found.get(name) for name in ("tests", "errors", "failures", "skipped"))
        self.assertEqual(("10", "3", "3", "2"), counts)
        by_name = {case.get("name"): case for case in found.iter("testcase")}
        self.assertEqual("no till", by_name["test_skipped"][0].get("message"))
        self.assertEqual("shop.tests.Prices", by_name["test_parts [odd] (amount=4)"].get("classname"))
        surprise = by_name["test_bug_is_gone"][0]
        self.assertEqual(("error", "", "\n\n"), (surprise.tag, surprise.get("message"), surprise.text))
        self.assertEqual(("printed\n", "warned"), (found.findtext("system-out"), found.findtext("system-err")))

    def test_a_doctest_is_told_once(self) -> None:
        note = Recorder()
        note(events.ProblemReported, ref("test_a"), problem(traceback="Failed\n", message="Failed", is_doctest=True), 0.5)
        (suite,) = self.files(ended(note)).values()
        self.assertEqual("Failed\n\n", suite.findtext("testcase/failure"))

    def test_modules_that_cannot_be_imported(self) -> None:
        found = self.files(support_streams.imports())
        self.assertEqual(["shop.more.xml", "shop.tests.xml"], list(found))
        case = found["shop.more.xml"].find("testcase")
        self.assertEqual({"classname": "shop.more", "name": "Startup", "time": "0.000000"}, case.attrib)

    def test_layers_have_files_when_something_is_wrong_with_them(self) -> None:
        self.assertEqual(
            ["broken.Layer.xml", "nowhere.Layer.xml", "shop.tests.Base.xml", "shop.tests.Prices.xml", "shop.tests.Shop.xml"],
            list(self.files(support_streams.layers())),
        )

    def test_without_results_there_is_an_empty_directory(self) -> None:
        self.assertEqual({}, self.files(support_streams.listing()))

    def test_a_child_that_reported_by_itself(self) -> None:
        note = Recorder()
        note(events.ResultsCounted, LAYER, 3, ("test_a (m.T)",), ("test_b (m.T)",))
        (suite,) = self.files(ended(note)).values()
        self.assertEqual(("1", "1"), (suite.get("failures"), suite.get("errors")))

    def test_names_that_are_no_names_of_files(self) -> None:
        note = Recorder()
        for number, name in enumerate(("a/b.T", "a-b.T", "A-B.T", "x" * 500 + ".T")):
            test = TestRef(None, LayerName("m.L"), id=f"{name}.test_{number}", label="x")
            note(events.TestFinished, test, Outcome.PASSED, 0.5)
        found = self.files(ended(note))

        self.assertEqual(["A-B.T-3.xml", "a-b.T-2.xml", "a-b.T.xml"], [name for name in found if len(name) < 100])
        self.assertEqual(4, len(found))

    def test_long_names_stay_different(self) -> None:
        first, second = stem_of("ä" * 300 + "1"), stem_of("ä" * 300 + "2")
        self.assertNotEqual(first, second)
        self.assertLessEqual(len(first.encode()), 240)

    def test_the_current_directory_is_the_default(self) -> None:
        with contextlib.chdir(self.folder):
            sink = directory(types.SimpleNamespace(), None)  # type: ignore[arg-type]
        replay(support_streams.one_layer(), sink)
        sink.close()
        self.assertEqual(["testreports"], os.listdir(self.folder))
