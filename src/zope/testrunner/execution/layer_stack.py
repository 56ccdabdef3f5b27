"""Which layers are set up right now, and getting from there to those that the next tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from zope.testrunner.core.events import (
    CleanUpStarted,
    Emit,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
)
from zope.testrunner.core.exception_snapshot import let_go, snapshot
from zope.testrunner.core.layer_order import order_by_bases, with_bases
from zope.testrunner.core.layer_registry import bases_of, name_of
from zope.testrunner.core.model import Outcome, Problem, TearDownEnd, TestRef
from zope.testrunner.exceptions import CanNotTearDown
from zope.testrunner.execution.fixture_holder import FixtureHolder
from zope.testrunner.execution.forks import A_FEW, Origin, current, problem_of
from zope.testrunner.system.originals import time
from zope.testrunner.system.without_typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.model import LayerName
    from zope.testrunner.execution.streams.postmortem import PostMortem

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


def catch(function: Callable[[], object]) -> Problem | None:
    """Call a hook of the user's and return what went wrong.

    `KeyboardInterrupt` and `MemoryError` are not for us to swallow, `NotImplementedError` is for the caller to judge.
    What was raised is in the problem, for those who report it at once; `_let_go` of it afterwards.
    """
    forks = current()
    try:
        function()
    except (KeyboardInterrupt, MemoryError, NotImplementedError) as error:
        forks.check(error)
        raise
    except BaseException as error:
        forks.check(error)
        return snapshot(Outcome.ERRORED, (type(error), error, error.__traceback__))
    forks.check()
    return None


def _let_go(problem: Problem) -> None:
    """Let go what was raised, and all that it holds on to."""
    if problem.live is not None:
        let_go(problem.live[1])


class Watch(Protocol):
    """What looks at hooks of layers while they are called; see `zope.testrunner.execution.monitors.watch.LayerWatch`."""

    def set_up(self, layer: object, call: Callable[[], Problem | None], /) -> Problem | None: ...

    def tear_down(self, layer: object, call: Callable[[], Problem | None], /) -> Problem | None: ...

    def torn_down(self, layer: object, /) -> object: ...


class LayerStack:
    """The layers that are set up; each is set up once and torn down when nothing needs it any more.

    ``judge_layer`` is called with each layer before its set-up, when its bases are set up.  ``post_mortem`` lets the user
    look at what a hook has raised.  ``watch`` calls the hooks and looks at what they leave.
    """

    def __init__(
        self,
        emit: Emit,
        clock: Callable[[], float],
        worker: int = 0,
        judge_layer: Callable[[object], None] | None = None,
        post_mortem: PostMortem | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._judge_layer = judge_layer
        self._watch = watch
        self._post_mortem = post_mortem
        self._emit = emit
        self._clock = clock
        self._worker = worker
        self._up: dict[object, None] = {}
        #: How many hooks failed so far.
        self.problems = 0

    @property
    def up(self) -> tuple[object, ...]:
        """The layers that are set up, in the order in which that happened."""
        return tuple(self._up)

    def tear_down_unneeded(self, needed: Iterable[object]) -> None:
        """Tear down what is set up and not needed.

        Raises `CanNotTearDown` when a layer says that it cannot be torn down and so cannot be got rid of.
        """
        keep = set(needed)
        for layer in reversed(order_by_bases(layer for layer in self._up if layer not in keep)):
            self._tear_down(layer)

    def set_up(self, layer: object) -> bool:
        """Set up a layer and all that it builds on; False as soon as one of the set-ups fails."""
        return all(each in self._up or self._set_up(each) for each in set_up_order(layer))

    def clean_up(self, *, announce: bool = True) -> None:
        """Tear down everything that is set up; a layer that says it cannot is left alone."""
        if not self._up:
            return
        if announce:
            self._emit(CleanUpStarted(self._clock(), self._worker))
        for layer in reversed(order_by_bases(self._up)):
            try:
                self._tear_down(layer)
            except CanNotTearDown:
                continue

    def _set_up(self, layer: object) -> bool:
        name = name_of(layer)
        if self._judge_layer is not None:
            self._judge_layer(layer)
        self._emit(SetUpStarted(self._clock(), self._worker, name))
        began = time.perf_counter()
        problem = None
        hook = getattr(layer, "setUp", None)
        if hook is not None:
            try:
                problem = catch(hook) if self._watch is None else self._watch.set_up(layer, partial(catch, hook))
            except NotImplementedError as error:
                problem = snapshot(Outcome.ERRORED, (type(error), error, error.__traceback__))
        seconds = time.perf_counter() - began
        if problem is not None:
            self.problems += 1
            debugged = self._debugged(name, problem)
            self._emit(SetUpFinished(self._clock(), self._worker, name, seconds, problem, debugged))
            _let_go(problem)
        else:
            self._emit(SetUpFinished(self._clock(), self._worker, name, seconds))
            self._up[layer] = None
        self._see_forks("set-up", name, "setUp")
        return problem is None

    def see_last_forks(self) -> None:
        """Report on processes that come back even now, when everything is over."""
        forks = current()
        self._report_forks(forks.back(None) if forks.any else ())

    def _see_forks(self, what: str, layer: LayerName, hook: str) -> None:
        """Report on processes that this hook of a layer has forked, or something before it, and that have come back."""
        forks = current()
        if not forks.any:
            return
        from zope.testrunner.core.report_names import Names

        label = f"{what} of {layer}"
        # As reports by suite call the hook when it fails.
        test = TestRef(None, layer, 0, id=label, label=label).named(Names(layer, layer, hook))
        self._report_forks(forks.back(Origin(label, test), A_FEW))

    def _report_forks(self, found: Iterable[tuple[Origin, str]]) -> None:
        for origin, how in found:
            test = FixtureHolder.of(origin.test).reference(origin.test.layer)
            self.problems += 1
            self._emit(ProblemReported(self._clock(), self._worker, test, problem_of(origin, how), 0.0))

    def _tear_down(self, layer: object) -> None:
        name = name_of(layer)
        self._emit(TearDownStarted(self._clock(), self._worker, name))
        began = time.perf_counter()
        problem, end = None, TearDownEnd.DONE
        # Whatever happens, it is not called a second time.
        del self._up[layer]
        hook = getattr(layer, "tearDown", None)
        if hook is not None:
            try:
                problem = catch(hook) if self._watch is None else self._watch.tear_down(layer, partial(catch, hook))
            except NotImplementedError:
                end = TearDownEnd.UNSUPPORTED
        seconds, debugged = time.perf_counter() - began, False
        if problem is not None:
            self.problems += 1
            end = TearDownEnd.FAILED
            debugged = self._debugged(name, problem)
        self._emit(TearDownFinished(self._clock(), self._worker, name, seconds, end, problem, debugged))
        if problem is not None:
            _let_go(problem)
        self._see_forks("tear-down", name, "tearDown")
        if self._watch is not None:
            self._watch.torn_down(layer)
        if end is TearDownEnd.UNSUPPORTED:
            raise CanNotTearDown(f"layer {name} cannot be torn down")

    def _debugged(self, name: LayerName, problem: Problem) -> bool:
        return (
            self._post_mortem is not None
            and problem.live is not None
            and self._post_mortem.layer_problem(name, problem.live)
        )


def set_up_order(layer: object) -> list[object]:
    """The layer and its bases in the order of set-up: through ``__bases__`` from first to last, bases first."""
    with_bases([layer])  # finds a layer that is its own base before the recursion below does
    order: dict[object, None] = {}

    def visit(each: object) -> None:
        for base in bases_of(each):
            if base not in order:
                visit(base)
        order[each] = None

    visit(layer)
    return list(order)
