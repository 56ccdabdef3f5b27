"""Recorded runs, and what each of them looks like under every setting of the text formatters.

The pictures are in ``golden``: one file for a run, one section in it for a setting.  Control characters are shown by their
symbols and blanks at the end of a line by dots, so that all that is significant can be seen.  Beside them are the reports in
XML and the annotations for GitHub of the same runs.
``python tests/support_streams.py`` draws them again; read the difference before you keep it.
"""

from __future__ import annotations

import contextlib
import io
import pathlib
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from unittest import mock

from zope.testrunner.core.events import (
    CleanUpStarted,
    Discovered,
    Event,
    FixtureSkipped,
    Importance,
    ImportsSummed,
    LapFinished,
    LapMeasured,
    LapStarted,
    LayerFailed,
    LayerFinished,
    LayerKept,
    LayerStarted,
    LeaksWatched,
    Left,
    LeftBehind,
    Notice,
    OutputPassed,
    ProblemReported,
    ProfileReady,
    RunFinished,
    RunStarted,
    SetUpFinished,
    SetUpStarted,
    Shuffled,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestsListed,
    TestStarted,
    WorkerLost,
    WorkerStarted,
)
from zope.testrunner.core.model import (
    ImportFailure,
    LayerName,
    LayerWatched,
    Levels,
    Outcome,
    Problem,
    Stats,
    Stayed,
    TearDownEnd,
    TestRef,
)
from zope.testrunner.leaks.readings import Change, Reading, Unit
from zope.testrunner.report.console.color_text import ColorfulOutputFormatter
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.formatter_adapter import FormatterAdapter
from zope.testrunner.report.github import Annotations
from zope.testrunner.report.xml.junit import OneFile
from zope.testrunner.system import originals
from zope.testrunner.testing import replay

GOLDEN = pathlib.Path(__file__).parent / "golden"

LAYER = LayerName("shop.tests.Shop")
BASE = LayerName("shop.tests.Base")
WAREHOUSE = LayerName("shop.tests.Warehouse")

TRACEBACK = """\
Traceback (most recent call last):
  File "/shop/tests.py", line 12, in test_price
    self.assertEqual(price(3), 10)
   - __traceback_info__: {'amount': 3}
AssertionError: 9 != 10
"""

DOCTEST = """\
Failed doctest test for prices.rst
  File "/shop/prices.rst", line 0

----------------------------------------------------------------------
File "/shop/prices.rst", line 3, in prices.rst
Failed example:
    price(3)
Differences (ndiff with -expected +actual):
    - 10
    + 9
      the end
----------------------------------------------------------------------
File "/shop/prices.rst", line 7, in prices.rst
Failed example:
    price('three')
Exception raised:
    Traceback (most recent call last):
      File "<doctest prices.rst[1]>", line 1, in <module>
        price('three')
    TypeError: an amount is a number
"""


def ref(name: str, layer: LayerName = LAYER, size: int = 1) -> TestRef:
    """A test of another process."""
    return TestRef(None, layer, size, id=f"shop.tests.Prices.{name}", label=f"{name} (shop.tests.Prices.{name})")


def problem(
    outcome: Outcome = Outcome.FAILED,
    traceback: str = TRACEBACK,
    type_name: str = "AssertionError",
    message: str = "9 != 10",
    is_doctest: bool = False,
) -> Problem:
    """A problem of another process."""
    return Problem(outcome, type_name, message, traceback, is_doctest)


ERROR = problem(
    Outcome.ERRORED,
    'Traceback (most recent call last):\n  File "/shop/tests.py", line 30, in setUp\n    1/0\n'
    "ZeroDivisionError: division by zero\n",
    "ZeroDivisionError",
    "division by zero",
)
SURPRISE = problem(
    Outcome.UNEXPECTED_SUCCESS,
    "Traceback (most recent call last):\nzope.testrunner.runner.UnexpectedSuccess\n",
    "zope.testrunner.runner.UnexpectedSuccess",
    "",
)


class Recorder:
    """Writes down a run; time passes by one second with each event."""

    def __init__(self, worker: int = 0) -> None:
        self.events: list[Event] = []
        self.worker = worker

    def __call__(self, kind: Callable[..., Event], *details: object, **more: object) -> None:
        self.events.append(kind(float(len(self.events)), self.worker, *details, **more))

    def set_up(self, layer: LayerName, problem: Problem | None = None) -> None:
        self(SetUpStarted, layer)
        self(SetUpFinished, layer, 0.25, problem)

    def tear_down(self, layer: LayerName, end: TearDownEnd = TearDownEnd.DONE, problem: Problem | None = None) -> None:
        self(TearDownStarted, layer)
        self(TearDownFinished, layer, 75.5, end, problem)

    def passing(self, name: str, index: int, total: int, seconds: float = 0.125, **more: object) -> None:
        test = ref(name)
        self(TestStarted, test, index, total)
        self(TestFinished, test, Outcome.PASSED, seconds, **more)

    def lap(self, number: int, of: int, stats: Stats, layer: LayerName = LAYER) -> Iterator[None]:
        self(LapStarted, layer, number, of, stats.ran)
        yield
        self(LapFinished, layer, number, of, stats, 1.5)

    def result(
        self, stats: Stats, layers: int, errored: Iterable[str] = (), failed: Iterable[str] = (), **more: object
    ) -> list[Event]:
        self(RunFinished, stats, 3723.5, layers, tuple(errored), tuple(failed), **more)
        return self.events


def one_layer() -> list[Event]:
    """Three tests pass, one of them slowly; the name of another is too long for a line."""
    note = Recorder()
    note(Discovered, 3, 1)
    note(RunStarted, ("-v",), Levels(), 1, 3)
    note(LayerStarted, LAYER, 3)
    note.set_up(BASE)
    note.set_up(LAYER)
    stats = Stats(3)
    for _ in note.lap(1, 1, stats):
        note.passing("test_a", 1, 3)
        note.passing("test_that_has_the_kind_of_name_that_does_not_fit_into_a_line_of_eighty_columns", 2, 3, 12.0)
        note.passing("test_c", 3, 3)
    note(LayerFinished, LAYER, stats)
    note(CleanUpStarted)
    note.tear_down(LAYER)
    note.tear_down(BASE)
    return note.result(stats, 1)


def problems() -> list[Event]:
    """Every way for a test not to pass, with and without output that was held back."""
    note = Recorder()
    note(Discovered, 9, 1)
    note(RunStarted, (), Levels(at=3), 1, 9)
    note(LayerStarted, LAYER, 9)
    note.set_up(LAYER)
    stats = Stats(10, 5, 2, 3)
    doctest = TestRef(None, LAYER, 2, id="/shop/prices.rst", label="/shop/prices.rst")
    for _ in note.lap(1, 1, stats):
        test = ref("test_fails")
        note(TestStarted, test, 1, 10)
        note(ProblemReported, test, problem(), 0.5, stdout="printed\n", stderr="warned")
        note(TestFinished, test, Outcome.FAILED, 0.5)
        test = ref("test_errs_twice")
        note(TestStarted, test, 2, 10)
        note(ProblemReported, test, problem(), 0.25)
        note(ProblemReported, test, ERROR, 0.5)
        note(TestFinished, test, Outcome.ERRORED, 0.5)
        test = ref("test_skipped")
        note(TestStarted, test, 3, 10)
        note(TestFinished, test, Outcome.SKIPPED, 0.0, ("no till",))
        test = ref("test_parts")
        note(TestStarted, test, 4, 10)
        note(ProblemReported, test, problem(), 0.25, "test_parts (shop.tests.Prices.test_parts) (amount=3)")
        note(ProblemReported, test, ERROR, 0.5, "test_parts (shop.tests.Prices.test_parts) [odd] (amount=4)")
        note(TestFinished, test, Outcome.ERRORED, 0.5)
        test = ref("test_parts_skipped")
        note(TestStarted, test, 5, 10)
        note(TestFinished, test, Outcome.SKIPPED, 0.25, ("first", "second"))
        test = ref("test_known_bug")
        note(TestStarted, test, 6, 10)
        note(TestFinished, test, Outcome.EXPECTED_FAILURE, 0.25)
        test = ref("test_bug_is_gone")
        note(TestStarted, test, 7, 10)
        note(ProblemReported, test, SURPRISE, 0.25)
        note(TestFinished, test, Outcome.UNEXPECTED_SUCCESS, 0.25)
        note(TestStarted, doctest, 9, 10)
        note(ProblemReported, doctest, problem(traceback=DOCTEST, is_doctest=True), 0.75)
        note(TestFinished, doctest, Outcome.FAILED, 0.75)
        note.passing("test_last", 10, 10)
    note(LayerFinished, LAYER, stats)
    note(CleanUpStarted)
    note.tear_down(LAYER)
    errored = ("test_errs_twice (shop.tests.Prices.test_errs_twice)",)
    failed = ("test_fails (shop.tests.Prices.test_fails)", "/shop/prices.rst")
    return note.result(stats, 1, errored, failed)


def layers() -> list[Event]:
    """Layers that cannot be set up, torn down, or found."""
    note = Recorder()
    note(Discovered, 4, 4)
    note(RunStarted, ("--all",), Levels(all=True), 4, 4)
    note(LayerStarted, LAYER, 1)
    note.set_up(LAYER, ERROR)
    note(LayerFinished, LAYER, Stats())
    note(LayerStarted, BASE, 1)
    note.set_up(BASE)
    for _ in note.lap(1, 1, Stats(1), BASE):
        note.passing("test_a", 1, 1)
    note(LayerFinished, BASE, Stats(1))
    missing = LayerName("nowhere.Layer")
    note(LayerStarted, missing, 1)
    note(
        LayerFailed,
        missing,
        problem(
            Outcome.ERRORED,
            "Cannot find layer 'nowhere.Layer'\n",
            "zope.testrunner.exceptions.LayerNotFound",
            "Cannot find layer 'nowhere.Layer'",
        ),
    )
    note(LayerFinished, missing, Stats())
    broken = LayerName("broken.Layer")
    note(LayerStarted, broken, 1)
    note(LayerFailed, broken, ERROR)
    note(LayerFinished, broken, Stats())
    note(CleanUpStarted)
    note.tear_down(BASE, TearDownEnd.FAILED, ERROR)
    note.tear_down(WAREHOUSE, TearDownEnd.UNSUPPORTED)
    errored = (f"Layer: {LAYER}.setUp", f"Layer: {missing}", f"Layer: {broken}", f"Layer: {BASE}.tearDown")
    return note.result(Stats(1, 0, 4), 4, errored)


def repeated() -> list[Event]:
    """The same tests three times, with all kinds of readings."""
    note = Recorder()
    note(Discovered, 1, 1)
    note(RunStarted, (), Levels(only=2), 1, 1)
    note(LayerStarted, LAYER, 1)
    note.set_up(LAYER)
    total = Reading("refcounts", Unit.COUNT, 370886, 7)
    detail = Reading(
        "refcounts", Unit.COUNT, 370893, 7, 95844, (Change("shop.Receipt", 1, 1), Change("dict", 2, 2), Change("int", -1, 0))
    )
    blocks = Reading("blocks", Unit.COUNT, 81234, 0)
    objects = Reading("objects", Unit.COUNT, 20000, 1, None, (Change("shop.Receipt", 1, 0),))
    readings = [(), (total, blocks), (detail, blocks, objects)]
    for lap, read in enumerate(readings, 1):
        for _ in note.lap(lap, 3, Stats(1)):
            note.passing("test_keeps_a_receipt", 1, 1)
        if read:
            note(LapMeasured, LAYER, lap, read)
    note(LayerFinished, LAYER, Stats(3))
    note(CleanUpStarted)
    note.tear_down(LAYER)
    return note.result(Stats(1), 1)


def imports() -> list[Event]:
    """Nothing but modules that cannot be imported, and a shuffle."""
    note = Recorder()
    no_module = problem(
        Outcome.ERRORED,
        'Traceback (most recent call last):\n  File "/shop/tests.py", line 1, in <module>\n    import nosuchmodule\n'
        "ModuleNotFoundError: No module named 'nosuchmodule'\n",
        "ModuleNotFoundError",
        "No module named 'nosuchmodule'",
    )
    no_tests = problem(
        Outcome.ERRORED,
        "TypeError: Module shop.more does not define any tests\n",
        "TypeError",
        "Module shop.more does not define any tests",
    )
    failures = (ImportFailure("shop.tests", no_module), ImportFailure("shop.more", no_tests))
    note(Discovered, 0, 0, failures)
    note(RunStarted, (), Levels(), 0, 0, 42)
    note(ImportsSummed, ("shop.tests", "shop.more"))
    note(Shuffled, 42)
    return note.result(Stats(), 0)


def listing() -> list[Event]:
    """Tests are listed instead of run."""
    note = Recorder()
    note(Discovered, 2, 2)
    note(RunStarted, ("--list-tests",), Levels(), 2, 2)
    note(TestsListed, LAYER, (ref("test_a"), ref("test_b")))
    note(TestsListed, BASE, (ref("test_c"),))
    return note.result(Stats(), 0, listing=True)


def children() -> list[Event]:
    """A layer goes on in a child, which says things that concern only itself; another child goes away."""
    note = Recorder()
    note(Discovered, 2, 2)
    note(RunStarted, (), Levels(), 2, 2)
    note(LayerStarted, BASE, 1)
    note(LayerStarted, LAYER, 1)
    note.tear_down(BASE, TearDownEnd.UNSUPPORTED)
    note.worker = 1
    note(Discovered, 2, 2, (ImportFailure("only.in_the_child", ERROR),))
    note(RunStarted, (), Levels(), 2, 2)
    note(LayerStarted, LAYER, 1, resumed=True)
    note(WorkerStarted, LAYER)
    note.set_up(LAYER)
    for _ in note.lap(1, 1, Stats(1)):
        note(OutputPassed, "stdout", b"printed by a test: \xc3\xa4\n")
        note.passing("test_a", 1, 1)
    note(CleanUpStarted)
    note.tear_down(LAYER)
    note(ImportsSummed, ("only.in_the_child",))
    note.result(Stats(1, 1), 5, (), ("only the parent says this",))
    note.worker = 2
    lost = "It ended with status 3."
    note(WorkerLost, WAREHOUSE, ("/python", "/bin/test", "--resume-layer", str(WAREHOUSE), "1"), lost, ("one", "two"))
    many = tuple(f"line {number}" for number in range(1, 26))
    note(WorkerLost, WAREHOUSE, ("/python",), lost, many)
    note(WorkerLost, WAREHOUSE, ("/python",), "", ())
    note.worker = 0
    note(CleanUpStarted)
    return note.result(Stats(1, 0, 3), 3, (f"subprocess for {WAREHOUSE}",) * 3)


def leftovers() -> list[Event]:
    """What tests leave behind, and collections after each test."""
    note = Recorder()
    note(Discovered, 3, 1)
    note(RunStarted, (), Levels(), 1, 3)
    note(LayerStarted, LAYER, 3)
    note.set_up(LAYER)
    stats = Stats(3)
    for _ in note.lap(1, 1, stats):
        note.passing("test_garbage", 1, 3, collected=0)
        note(LeftBehind, LAYER, ref("test_garbage"), Left.GARBAGE, ("[1, 2]", "<Till>"))
        note.passing("test_cycles", 2, 3, collected=12)
        cycles = ("{'till': <Till>,\n    'shop': <Shop>}\n<Till>", "<Shop>")
        note(LeftBehind, LAYER, ref("test_cycles"), Left.CYCLES, cycles)
        note.passing("test_threads", 3, 3, collected=3)
        note(LeftBehind, LAYER, ref("test_threads"), Left.THREADS, ("<Thread(bell, started 1234)>",))
    note(LeftBehind, LAYER, None, Left.GARBAGE, ("[1, 2]", "<Till>"))
    note(LayerFinished, LAYER, stats)
    return note.result(stats, 1)


def fixtures() -> list[Event]:
    """Class and module fixtures fail and skip; then somebody interrupts the run."""
    note = Recorder()
    note(Discovered, 5, 1)
    note(RunStarted, (), Levels(), 1, 5)
    note(LayerStarted, LAYER, 5)
    note.set_up(LAYER)
    note(LapStarted, LAYER, 1, 1, 5)
    note(ProblemReported, ref("test_a"), ERROR, 0.0, "setUpClass (shop.tests.Prices)")
    skipped = TestRef(None, LAYER, 0, id="setUpModule (shop.more)", label="setUpModule (shop.more)")
    note(FixtureSkipped, skipped, "closed on Sundays")
    note.passing("test_b", 3, 5)
    note(Notice, Importance.ERROR, "Interrupted.")
    note(CleanUpStarted)
    note.tear_down(LAYER)
    return note.result(Stats(1, 0, 1, 1), 1, ("setUpClass (shop.tests.Prices)",), interrupted=True)


def notices() -> list[Event]:
    """Sentences for people."""
    note = Recorder()
    for importance in Importance:
        note(Notice, importance, f"This is {importance.value}.\nIn two lines.")
    return note.events


def debugged() -> list[Event]:
    """A profile of a run that ended in a debugger, at the set-up of a layer."""
    note = Recorder()
    note(Discovered, 1, 1)
    note(RunStarted, ("-D", "--profile", "cProfile"), Levels(), 1, 1)
    note(LayerStarted, LAYER, 1)
    note(SetUpStarted, LAYER)
    note(SetUpFinished, LAYER, 0.5, ERROR, debugged=True)
    note(LayerFinished, LAYER, Stats())
    note(ProfileReady, "         3 function calls in 0.500 seconds\n\n")
    return note.result(Stats(errors=1), 1, (f"Layer: {LAYER}.setUp",))


def watched() -> list[Event]:
    """What stayed after tests, fixtures and layers, in a parent and a child, and a command that judges them."""
    note = Recorder()
    note(Discovered, 30, 2)
    note(RunStarted, ("--leaks=watch",), Levels(), 2, 30)
    note(LayerStarted, LAYER, 30)
    kept = Stayed(f"layer {LAYER}", blocks=1, objects=1)
    note(LayerKept, LAYER, kept, ("still there: 1 list, one of them is shop.tests.kept",))
    rows = [
        Stayed(f"test_{number} (shop.tests.Prices.test_{number})", is_test=True, blocks=100 - number)
        for number in range(25)
    ]
    first = Stayed("test_import (shop.tests.Prices.test_import)", is_test=True, blocks=5000, modules=1)
    large = Stayed("fixtures of class shop.tests.Prices", descriptors=1, threads=2, heap=1_500_000, files=1)
    note(LeaksWatched, LAYER, 27, 2, (first, *rows, large))
    found = (LayerWatched(LAYER, 27, 2, (large, *rows, first)), LayerWatched(BASE, 3, 0))
    judge = r"bin/test --leaks -t '^test_0 \(shop\.tests\.Prices\.test_0\)$'"
    note(RunFinished, Stats(30), 1.5, 2, watched=found, to_judge=judge)
    return note.events


STREAMS: tuple[Callable[[], list[Event]], ...] = (
    one_layer,
    problems,
    layers,
    repeated,
    imports,
    listing,
    children,
    leftovers,
    fixtures,
    notices,
    debugged,
    watched,
)


def options(verbose: int = 0, progress: bool = False, **more: object) -> types.SimpleNamespace:
    """What a formatter looks at, as the command line would set it."""
    settings = {"processes": 1, "resume_layer": None, "slow_test_threshold": 10.0}
    return types.SimpleNamespace(verbose=verbose, progress=progress, **{**settings, **more})


def settings() -> Iterator[tuple[str, OutputFormatter]]:
    """Every formatter with every combination of settings that makes a difference, and what to call it."""
    for kind in (OutputFormatter, ColorfulOutputFormatter):
        for progress in (False, True):
            for verbose in range(5):
                formatter = kind(options(verbose, progress))
                formatter.max_width = 80
                yield f"{kind.__name__} verbose={verbose} progress={progress}", formatter


def shown(run: Iterable[Event], formatter: object, *, is_worker: bool = False) -> str:
    """What a formatter writes about a run, to both streams."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        replay(run, FormatterAdapter(lambda: formatter, is_worker=is_worker))
    return out.getvalue()


def picture(stream: Callable[[], list[Event]]) -> str:
    """What a run looks like under all settings."""
    parts = [f"{stream.__doc__}\n"]
    before = ""
    for title, formatter in settings():
        text = visible(shown(stream(), formatter))
        parts.append(f"\n{'=' * 20} {title} {'=' * 20}\n{'(the same)' if text == before else text}")
        before = text
    return "".join(parts)


def report_in_xml(stream: Callable[[], list[Event]]) -> str:
    """The report on a run that ``--junit-xml`` makes, on a machine called host at the time of Greenwich."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(originals.time, "localtime", originals.time.gmtime):
        path = pathlib.Path(folder, "report.xml")
        sink = OneFile(str(path), "host")
        replay(stream(), sink)
        sink.close()
        return path.read_text(encoding="ascii") if path.exists() else ""


def annotations(stream: Callable[[], list[Event]]) -> str:
    """What ``--format github`` writes about a run, seen from the directory /shop."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        replay(stream(), Annotations(None, "/shop"))
    return out.getvalue()


#: What is drawn besides pictures of texts: the ending of the file, and how it is made.
OTHERS: Mapping[str, Callable[[Callable[[], list[Event]]], str]] = {
    "junit.xml": report_in_xml,
    "github.txt": annotations,
}


def visible(text: str) -> str:
    """The text with control characters and trailing blanks made visible, and an end mark where the last line has no end."""
    lines = text.replace("\033", "␛").replace("\r", "␍").split("\n")
    ended = [line.rstrip(" ") + "·" * (len(line) - len(line.rstrip(" "))) for line in lines]
    last = ended.pop()
    return "".join(f"{line}\n" for line in ended) + (f"{last}␄\n" if last else "")


def main() -> None:
    """Draw all pictures again."""
    GOLDEN.mkdir(exist_ok=True)
    for stream in STREAMS:
        GOLDEN.joinpath(f"{stream.__name__}.txt").write_text(picture(stream), encoding="utf-8")
        for ending, draw in OTHERS.items():
            GOLDEN.joinpath(f"{stream.__name__}.{ending}").write_text(draw(stream), encoding="utf-8")


if __name__ == "__main__":
    main()
