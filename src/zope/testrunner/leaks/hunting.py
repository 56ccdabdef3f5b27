r"""Find out whether some work leaks by doing it again: `hunt` for one piece of work, `Hunter` for many.

A plain script needs no more than this::

    from zope.testrunner.leaks import describe, hunt

    finding = hunt(work)
    if finding.is_leak:
        print("\n".join(describe(finding, "work")))
"""

from __future__ import annotations

import _thread
import warnings
from array import array
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from zope.testrunner.leaks import collector as gc
from zope.testrunner.leaks import tracker
from zope.testrunner.leaks.blocks import Blocks
from zope.testrunner.leaks.cursors import Databases
from zope.testrunner.leaks.objects import Objects, References, Young
from zope.testrunner.leaks.others import working
from zope.testrunner.leaks.readings import Growth, Verdict
from zope.testrunner.leaks.refcounts import Refcounts, foreign_extensions
from zope.testrunner.leaks.session import Tracker
from zope.testrunner.leaks.settle import changes_of_modules, collect, frozen_by_others, saves_garbage, settle
from zope.testrunner.leaks.settlers import news
from zope.testrunner.leaks.verdict import DEFAULT, THRESHOLDS, Policy, grows_in_steps, judge

if TYPE_CHECKING:
    from zope.testrunner.leaks.explain import Explanation, Holders

#: Seconds to wait, once per run, for threads of the work to end.  A thread that is told to stop takes
#: milliseconds.
_PATIENCE: Final = 0.05

#: The verdicts on counters, from the one that matters most.
_BY_WEIGHT: Final = tuple(Growth)

#: So many readings are made after nothing was done for as long as a run takes, to see what other threads do meanwhile;
#: and the longest time for that in seconds.
_IDLE: Final = 4
_LONGEST_IDLE: Final = 0.5
_OTHERS: Final = "as much is made while nothing is done: another thread is at work"

_RESOURCES: Final = frozenset({"heap", "descriptors", "threads"})
_REFERENCE_COUNTERS: Final = frozenset({"refcounts", "references"})


class CannotRepeat(Exception):
    """To be raised by work that went differently than the first time; the message says how."""


class Finding(NamedTuple):
    """What a hunt found out.

    ``growth`` is the verdict on the work, ``verdicts`` those on the counters.  ``runs`` is how often the work
    was done to reach it, and ``why`` gives the reason if it was not judged or not repeated.  ``explanation``
    is there for a suspect.
    """

    growth: Growth
    verdicts: tuple[Verdict, ...] = ()
    runs: int = 0
    why: str | None = None
    explanation: Explanation | None = None

    @property
    def is_leak(self) -> bool:
        """Whether the work leaks: something new stays alive from every run, or references to what exists grow."""
        return self.growth in (Growth.LEAK, Growth.REFERENCES)

    @property
    def grown(self) -> tuple[Verdict, ...]:
        """The verdicts on the counters that leak."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_leak)


class Hunter:
    """Hunts for leaks in one piece of work after the other, with the heap frozen in between.

    What is alive before a piece of work is hidden from the garbage collector (``gc.freeze``), so that a hunt
    costs the same on a large heap as on a small one.  Call `thaw` when objects that were alive then may have
    become garbage, as at the end of a test class or a layer, and whenever somebody else needs to see all
    objects; leaving the ``with`` statement does so::

        with Hunter() as hunter:
            for test in tests:
                finding = hunter.hunt(test)

    With ``adaptive=False`` nothing is cleared before the runs of the policy have been made; those that
    confirm are made for suspects only.

    With ``freeze=False`` the collector sees everything all the time, and each run costs a collection of the
    whole heap. Whatever the work does to ``gc`` (freezing, disabling, debugging flags) is noticed, and undone
    where it would mislead.
    """

    def __init__(
        self,
        *,
        policy: Policy = DEFAULT,
        adaptive: bool = True,
        trackers: Sequence[Tracker] | None = None,
        explain: bool = True,
        freeze: bool = True,
    ) -> None:
        self._policy = policy
        # So many runs are measured in any case; what has grown in all of them is confirmed.
        self._fewest = 1 if adaptive else policy.runs
        self._explain = explain
        # Nobody could freeze again just what somebody had frozen before.
        self._foreign = frozen_by_others()
        self._freeze = freeze and not self._foreign
        self._frozen = False
        self._spoiled = False
        self._canaries: list[list[None]] = [[], []]
        self._trackers = _default_trackers(self._freeze) if trackers is None else tuple(trackers)
        self._least = [THRESHOLDS.get(each.name, 1) for each in self._trackers]
        self._most_runs = policy.warmup + policy.runs + policy.confirm
        width = len(self._trackers)
        # One row for each run, so that remembering a number allocates nothing.
        self._rows = array("q", [0] * width * (self._most_runs + 1 + _IDLE))
        self._width = width
        # The findings of most work are alike.
        self._unchanged = tuple(Verdict(each.name, each.unit, Growth.STABLE, (0,)) for each in self._trackers)
        self._foreign_extensions: tuple[str, ...] = ()
        self._modules_seen = -1
        # There are none before the first explanation.
        self._holders: Holders | None = None
        self._databases = Databases()
        self._rehearse()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.thaw()

    def hunt(self, work: Callable[[], object]) -> Finding:
        """Do the work once, and then again until it is known whether it leaks.

        The first time is as if nobody watched: an exception goes through to the caller.  One from a later
        time means that the work cannot be repeated.  What the work returns is dropped at once.
        """
        if saves_garbage():
            work()
            why = "gc.DEBUG_SAVEALL is set, which keeps all garbage alive"
            return Finding(Growth.NOT_JUDGED, (), 1, why)
        self._hide()
        threads, flags = _thread._count(), gc.get_debug()
        done = measured = 0
        failure: str | None = None
        began = monotonic()
        if not self._policy.warmup:
            settle()
            self._read(0)
        while done < self._most_runs:
            try:
                work()
            except Exception as error:
                if not done:
                    raise
                failure = _why_not_again(error)
                break
            done += 1
            self._databases.forget()
            _wait_for_threads(threads)
            gc.set_debug(flags)
            self._see_through_freezing()
            measured = done - self._policy.warmup
            if measured == 1 and self._fewest == 1 and self._frozen:
                # What settling does besides only makes things less: caches that were emptied are fuller now, or as empty.
                # In a function of its own, this would read references that calling it makes.
                collect()
                self._read(1)
                if self._is_unchanged(1):
                    break
            settle()
            if measured < 0:
                continue
            self._read(measured)
            if measured >= self._fewest and not self._is_suspect(measured):
                break
            if measured == self._policy.runs and self._holders is not None:
                self._holders.note()
        if failure is not None:
            return Finding(Growth.NOT_REPEATABLE, (), done, failure)
        finding = self._judge(work, measured, done, (monotonic() - began) / done)
        gc.set_debug(flags)
        return finding

    def thaw(self) -> None:
        """Show all objects to the garbage collector again, and collect what has become garbage."""
        if self._frozen:
            self._show()
            gc.collect()

    def _show(self) -> None:
        if self._frozen:
            self._frozen = False
            gc.unfreeze()

    def _hide(self) -> None:
        """Hide everything that is alive from the collector; between two runs of the same work, this must not happen."""
        if not self._freeze:
            return
        if not self._frozen:
            # Garbage that is hidden now is collected when everything is shown again.
            settle(whole=False)
            # The canaries are told apart by which side of the freeze they are on.
            self._canaries[0] = []
            self._databases.note(anew=True)
            self._frozen = True
            self._spoiled = False
        else:
            self._databases.note(anew=False)
        gc.freeze()
        self._canaries[1] = []

    def _see_through_freezing(self) -> None:
        """Undo what the work did to the frozen heap, after which everything is seen, at a price."""
        if not self._frozen:
            if self._spoiled or not self._freeze:
                self._undo_freezing()
            return
        old, new = map(id, self._canaries)
        visible = set(map(id, gc.get_objects()))
        if old in visible or new not in visible:
            gc.unfreeze()
            self._frozen = False
            self._spoiled = True

    def _undo_freezing(self) -> None:
        """Show again what the work has hidden: its garbage could not be collected otherwise."""
        if not self._foreign and frozen_by_others():
            gc.unfreeze()

    def _rehearse(self) -> None:
        """Read a few times, so that what sampling makes only once is there."""
        if self._freeze:
            # What looks at each object needs to see none for this.
            gc.freeze()
        try:
            for row in range(3):
                self._read(row % (self._most_runs + 1))
        finally:
            if self._freeze:
                gc.unfreeze()

    def _read(self, row: int) -> None:
        start = row * len(self._trackers)
        for place, each in enumerate(self._trackers):
            self._rows[start + place] = each.sample().total

    def _change(self, run: int, place: int) -> int:
        width = len(self._trackers)
        return self._rows[run * width + place] - self._rows[(run - 1) * width + place]

    def _is_suspect(self, measured: int) -> bool:
        """Whether some counter has grown in every run so far, or as far as it can be seen to."""
        if measured <= self._policy.runs and self._is_unchanged(measured):
            return False
        for place, least in enumerate(self._least):
            run = measured
            while run and self._change(run, place) >= least:
                run -= 1
            if not run:
                return True
            if measured > self._policy.runs and self._may_grow_in_steps(measured, place):
                return True
        return False

    def _may_grow_in_steps(self, measured: int, place: int) -> bool:
        changes = [self._change(run, place) for run in range(1, measured + 1)]
        return grows_in_steps(self._trackers[place].name, changes, self._policy, self._least[place])

    def _is_unchanged(self, run: int) -> bool:
        """Whether every counter is where it was before this run."""
        width = self._width
        start = run * width
        return self._rows[start - width : start] == self._rows[start : start + width]

    def _foreign_now(self) -> tuple[str, ...]:
        """What makes the number of references worthless, if that is counted."""
        if any(each.name == "refcounts" for each in self._trackers) and self._modules_seen != changes_of_modules():
            self._modules_seen = changes_of_modules()
            self._foreign_extensions = foreign_extensions()
        return self._foreign_extensions

    def _judge(self, work: Callable[[], object], measured: int, done: int, seconds: float) -> Finding:
        foreign = self._foreign_now()
        if measured == 1 and not foreign and self._is_unchanged(1):
            return Finding(Growth.STABLE, self._unchanged, done)
        policy = self._policy._replace(warmup=0)
        runs = range(1, measured + 1)
        verdicts = tuple(
            judge(each.name, each.unit, [self._change(run, place) for run in runs], policy)
            for place, each in enumerate(self._trackers)
        )
        if foreign:
            why = f"extension modules built for ordinary Python do not count references: {', '.join(foreign[:3])}"
            verdicts = tuple(
                each._replace(growth=Growth.NOT_JUDGED, per_run=0, why=why)
                if each.tracker == "refcounts"
                else each
                for each in verdicts
            )
        if _thread._count() and any(verdict.is_leak for verdict in verdicts):
            verdicts = self._without_what_others_do(verdicts, measured, min(seconds, _LONGEST_IDLE))
        growth = overall([each for each in verdicts if not (foreign and each.tracker == "refcounts")])
        explanation: Explanation | None = None
        bounded: str | None = None
        if growth not in (Growth.LEAK, Growth.REFERENCES) and any(each.why == _OTHERS for each in verdicts):
            growth, bounded = Growth.NOT_JUDGED, _OTHERS
        if self._explain and growth in (Growth.LEAK, Growth.REFERENCES):
            from zope.testrunner.leaks.explain import Holders, explain

            grown = self._holders.grown() if self._holders is not None else ()
            explanation = explain(self._databases.forgetting(work), grown)
            self._holders = self._holders or Holders()
            if self._frozen:
                # The explanation has shown everything.
                gc.freeze()
            if explanation.bound is not None and not _is_more_than_weak(explanation, verdicts):
                growth, bounded = Growth.BOUNDED, f"bounded at {explanation.bound}"
        return Finding(growth, verdicts, done, bounded, explanation)

    def _without_what_others_do(self, verdicts: tuple[Verdict, ...], measured: int, seconds: float) -> tuple[Verdict, ...]:
        """The verdicts, but for those on counters that move as much by themselves: threads may be at work all the time."""
        for row in range(measured + 1, measured + 1 + _IDLE):
            sleep(seconds)
            settle()
            self._read(row)
        # Before the first of them, verdicts were made.
        rounds = range(measured + 2, measured + 1 + _IDLE)
        return tuple(
            verdict._replace(growth=Growth.NOT_JUDGED, per_run=0, why=_OTHERS)
            if verdict.is_leak and 2 * max(abs(self._change(row, place)) for row in rounds) >= verdict.per_run
            else verdict
            for place, verdict in enumerate(verdicts)
        )


def hunt(
    work: Callable[[], object],
    *,
    policy: Policy = DEFAULT,
    adaptive: bool = True,
    trackers: Sequence[Tracker] | None = None,
    explain: bool = True,
    freeze: bool = True,
) -> Finding:
    """Find out whether ``work`` leaks, doing it at least twice; see `Hunter` for the parameters.

    For a fixed number of runs: ``hunt(work, policy=fixed("5:4"), adaptive=False)``.
    """
    with Hunter(
        policy=policy, adaptive=adaptive, trackers=trackers, explain=explain, freeze=freeze
    ) as hunter:
        finding = hunter.hunt(work)
    for text in news():
        warnings.warn(text, stacklevel=2)
    return finding


def overall(verdicts: Sequence[Verdict]) -> Growth:
    """The verdict on the work, given those on its counters.

    Growth of nothing but references is a class of its own, since nothing new stays alive.
    """
    kinds = {
        Growth.REFERENCES if verdict.is_leak and verdict.tracker in _REFERENCE_COUNTERS else verdict.growth
        for verdict in verdicts
    }
    return next((growth for growth in _BY_WEIGHT if growth in kinds), Growth.STABLE)


def _is_more_than_weak(explanation: Explanation, verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing new is seen but weak references, which cannot be what the system's resources go into."""
    return all(row.title == "weakref.ReferenceType" for row in explanation.new) and any(
        verdict.is_leak and verdict.tracker in _RESOURCES for verdict in verdicts
    )


def _default_trackers(freeze: bool) -> tuple[Tracker, ...]:
    """What a hunt watches, in the order of sampling; what counts references object by object only on a frozen heap."""
    wanted: list[Tracker] = [Refcounts(), Blocks()]
    wanted += [Young(), References()] if freeze else [Objects()]
    wanted += [tracker(name) for name in ("threads", "descriptors", "heap")]
    return (*(each for each in wanted if each.unavailable() is None), *working())


def _why_not_again(error: Exception) -> str:
    """What went differently than the first time."""
    return str(error) if isinstance(error, CannotRepeat) else f"{type(error).__name__} when run again: {error}"


def _wait_for_threads(wanted: int) -> None:
    end = monotonic() + _PATIENCE
    while _thread._count() > wanted and monotonic() < end:
        sleep(0.001)
