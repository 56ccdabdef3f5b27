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
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.caches import only_replaces
from zope.testrunner.leaks.conclusions import OTHERS, has_grown, is_more_than_weak, may_be_kept_by_python, overall, undecided
from zope.testrunner.leaks.cursors import Databases, forget_dead
from zope.testrunner.leaks.external_trackers import working
from zope.testrunner.leaks.finding import Explanation, Finding
from zope.testrunner.leaks.first_look import FirstLook, Frame, NoFrame
from zope.testrunner.leaks.kinds import kind_of
from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.parked import Others
from zope.testrunner.leaks.readings import Growth, Verdict
from zope.testrunner.leaks.registry import tracker
from zope.testrunner.leaks.settle import (
    collect,
    empty_caches,
    frozen_by_others,
    mark_of_modules,
    saves_garbage,
    settle,
)
from zope.testrunner.leaks.settlers import news
from zope.testrunner.leaks.survivors import Survivors
from zope.testrunner.leaks.trackers.blocks import Blocks
from zope.testrunner.leaks.trackers.objects import Objects, References, Young
from zope.testrunner.leaks.trackers.refcounts import Refcounts, foreign_extensions
from zope.testrunner.leaks.verdict import DEFAULT, THRESHOLDS, Policy, is_open, judge, most_runs, recurs
from zope.testrunner.system.originals import time

if TYPE_CHECKING:
    from zope.testrunner.leaks.growing_containers import Holders

#: Seconds to wait, once per run, for threads of the work to end.  A thread that is told to stop takes
#: milliseconds.
_PATIENCE: Final = 0.05


#: So many readings are made after nothing was done for as long as a run takes, to see what other threads do meanwhile;
#: and the longest time for that in seconds.
_IDLE: Final = 4
_LONGEST_IDLE: Final = 0.5

#: Growth of the memory in blocks after which all garbage is collected, as the collector does by itself: by a quarter.
_GROWTH_TO_COLLECT: Final = 1.25


#: Where other threads never rest, counters are read again until two readings agree: so often, with so many seconds between.
_LOOKS: Final = 20
_MOMENT: Final = 0.003

#: So often a suspect is run again with a heap that is not frozen; at most, where other threads move the counters.
_OPENLY: Final = 3
_OPENLY_AT_MOST: Final = 9
#: So often all is collected before: what was frozen may be tuples of atoms, and tuples of these, which the collector forgets
#: about level by level.
_LEVELS: Final = 3
#: What the first run has left is looked for in so many more.
_REST: Final = 3
#: So many young objects are told apart at most.
_MOST_YOUNG: Final = 4096
#: What counts on a frozen heap only what is new; and what counts, besides others, what the garbage collector does not know.
_OF_THE_NEW: Final = frozenset({"objects", "references"})
_OF_ATOMS: Final = frozenset({"blocks", "refcounts"})
_ENDED: Final = "it grew in every run, and then no more"
_REPLACED: Final = "what every run makes takes the place of something older"
_KEPT: Final = (
    "nothing is seen to hold what is new, and since a thread was started, this Python keeps all new functions, classes and"
    " modules for good"
)


class CannotRepeat(Exception):
    """To be raised by work that went differently than the first time; the message says how."""


class CannotGoOn(CannotRepeat):
    """The same, by work that would go no better if it could see all objects: it is not tried once more."""


class Hunter:
    """Hunts for leaks in one piece of work after the other.

    The first run of a piece of work has the result that counts, and finds the collector as it would without a hunt.  What
    is alive after it is hidden from the collector (``gc.freeze``) while the work is done again, so that a hunt costs the
    same on a large heap as on a small one.  If it fails then, it may have looked for what is hidden, and is judged anew
    with everything shown.  When a hunt is over, everything is shown again.

    Garbage that was hidden meanwhile stays until it is collected: now and then, as the memory grows, and by `thaw`, to be
    called where much may have become garbage, as at the end of a test class or a layer.  Leaving the ``with`` statement does
    so::

        with Hunter() as hunter:
            for test in tests:
                finding = hunter.hunt(test)

    With ``adaptive=False`` nothing is cleared before the runs of the policy have been made; those that
    confirm are made for suspects only.

    With ``clears_at_once``, work that changes nothing the first time, by any counter, is clean and not done again; that is for
    many pieces of work, most of which are.

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
        clears_at_once: bool = False,
    ) -> None:
        self._policy = policy
        # So many runs are measured in any case; what has grown in all of them is confirmed.
        self._fewest = 1 if adaptive else policy.runs
        self._explain = explain
        # Nobody could freeze again just what somebody had frozen before.
        self._foreign = frozen_by_others()
        self._freeze = freeze and gc.CAN_FREEZE and not self._foreign
        # Before the first run that is judged nothing may be hidden: what it leaves would be hidden with the rest.
        self._freeze = self._freeze and policy.warmup > 0
        self._frozen = False
        # Whether objects were hidden by the work itself, or before it, and whether these have to be hidden again.
        self._is_theirs = self._was_theirs = False
        self._is_to_be_collected = False
        self._canaries: list[list[None]] = [[], []]
        # A single run clears only with a heap whose young objects can be told apart, and by the usual counters.
        can_look = clears_at_once and self._freeze and adaptive and trackers is None and policy.warmup == 1
        self._trackers = _default_trackers(self._freeze) if trackers is None else tuple(trackers)
        self._least = [THRESHOLDS.get(each.name, 1) for each in self._trackers]
        self._most_runs = most_runs(policy)
        width = len(self._trackers)
        # One row for each run, so that remembering a number allocates nothing.
        self._rows = array("q", [0] * width * (max(self._most_runs, _OPENLY_AT_MOST) + 2 + _IDLE))
        self._width = width
        names = [each.name for each in self._trackers]
        self._references = names.index("references") if "references" in names else -1
        self._survivors = Survivors(wanted=self._references >= 0)
        self._objects = names.index("objects") if "objects" in names else -1
        # Whether hidden objects count as well.
        self._is_counting_all = False
        self._blocks = names.index("blocks") if "blocks" in names else -1
        self._counts_all_references = "refcounts" in names
        # What the young objects were after the first two runs on a frozen heap, each as one number.
        self._marks = array("q", [0, 0])
        # How many objects were young after the first of them and which, then how many new ones there were after the second.
        self._renewed = array("Q", [0] * _MOST_YOUNG)
        # The findings of most work are alike.
        self._unchanged = tuple(Verdict(each.name, each.unit, Growth.STABLE, (0,)) for each in self._trackers)
        self._foreign_extensions: tuple[str, ...] = ()
        self._modules_seen = -1
        # There are none before the first explanation.
        self._holders: Holders | None = None
        # Those of the leaks that were explained.
        self._kinds: set[str | None] = set()
        self._others = Others()
        can_look = can_look and self._survivors.is_watching_all
        self._first_look = (
            FirstLook(self._trackers, self._least, self._survivors, self._others) if can_look else None
        )
        # The last reading with a heap that was not frozen.
        self._openly = 1
        self._databases = Databases()
        # Whether what was made between two pieces of work may be anything, and not only what the last one made.
        self._is_anew = True
        self._rehearse()
        self._blocks_to_collect = int(_GROWTH_TO_COLLECT * self._rows[self._blocks])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.thaw()

    def hunt(self, work: Callable[[], object], *, first: Callable[[Frame], object] | None = None) -> Finding:
        """Do the work once, and if that has changed anything, again until it is known whether it leaks.

        The first time is as if nobody watched: an exception goes through to the caller.  One from a later
        time means that the work cannot be repeated.  What the work returns is dropped at once.

        ``first`` does it the first time, if more is to be done then, such as telling others: it says to the frame that it
        is given where the work itself begins and ends.
        """
        if saves_garbage():
            self._do_first(work, first, NoFrame())
            why = "gc.DEBUG_SAVEALL is set, which keeps all garbage alive"
            return Finding(Growth.NOT_JUDGED, (), 1, why)
        try:
            return self._hunt(work, first)
        finally:
            self._survivors.let_go()
            self._show()
            if self._blocks >= 0 and self._rows[self._blocks] > self._blocks_to_collect and self._is_to_be_collected:
                # Those collections that are made here put off the automatic ones.
                self._collect()
                self._blocks_to_collect = int(_GROWTH_TO_COLLECT * self._rows[self._blocks])

    def _do_first(self, work: Callable[[], object], first: Callable[[Frame], object] | None, frame: Frame) -> None:
        if first is not None:
            first(frame)
            return
        frame.begin()
        work()
        frame.end()

    def _is_clean_at_once(self, work: Callable[[], object], first: Callable[[Frame], object] | None) -> bool:
        """Do the work for the first time; whether it has changed nothing."""
        look = self._first_look
        if look is None:
            self._do_first(work, first, NoFrame())
            return False
        look.forget()
        self._is_to_be_collected = True
        self._do_first(work, first, look)
        return look.is_unchanged

    def _hunt(self, work: Callable[[], object], first: Callable[[Frame], object] | None) -> Finding:
        threads, flags = _thread._count(), gc.get_debug()
        self._marks[0] = self._marks[1] = self._renewed[0] = 0
        done, warmup = 0, self._policy.warmup
        measured, calm, is_quick = 0, True, False
        why: str | None = None
        began = time.monotonic()
        if not warmup:
            settle()
            self._read_when_quiet(0, None, calm)
        while done - warmup < self._most_runs - self._policy.warmup:
            self._others.begin(first=not done)
            try:
                if done:
                    work()
                elif self._is_clean_at_once(work, first):
                    gc.set_debug(flags)
                    return Finding(Growth.STABLE, self._unchanged, 1)
            except Exception as error:
                if not done:
                    raise
                why = why or _why_not_again(error)
                if not self._can_see_more(error):
                    return Finding(Growth.NOT_REPEATABLE, (), done, why)
                # It may have looked for what was hidden, and is judged from here on.
                warmup = done + 1
            done += 1
            self._databases.forget()
            _wait_for_threads(threads)
            # What is counted late after the first run shows as growth, and what is after the second does not.
            calm = self._others.wait(first=done == 1)
            gc.set_debug(flags)
            if self._has_changed_freezing(done):
                warmup = done
            measured = done - warmup
            is_quick = measured == 1 and self._fewest == 1 and self._frozen
            if is_quick:
                # What settling does besides only makes things less: caches that were emptied are fuller now, or as empty.
                self._survivors.look_again()
                collect()
                # What a call holds is counted with all references: every reading is made as deep in calls as the others.
                self._read_when_quiet(1, None, True)
                if self._is_unchanged(1) and not self._may_come_back:
                    break
            self._settle_after(done, is_quick=is_quick)
            # After hiding nothing is left to collect, but free lists are to be as empty as after the next run.
            collect()
            if measured < 0:
                continue
            self._read_when_quiet(measured, None, calm)
            self._remember(measured)
            if measured >= self._fewest and not self._is_suspect(measured):
                if measured >= _REST or not self._may_come_back:
                    break
            if measured == self._policy.runs and self._fewest == 1 and (like := self._like_others(work, measured)):
                return self._judge_like(like, measured, done)
        self._survivors.let_go()
        finding = self._judge(work, measured, done, (time.monotonic() - began) / done)
        gc.set_debug(flags)
        return finding

    def _like_others(self, work: Callable[[], object], measured: int) -> Explanation | None:
        """The explanation of a leak that is like an earlier one in what holds it and what allocates it.

        That container was seen to grow for that line in as many runs as it takes to confirm a leak, and to have no bound; and
        it has grown for it in all runs of this work, those of the explanation included.
        """
        grown = self._holders.grown() if self._holders is not None and self._frozen else []
        if not grown or not all(self._change(run, self._blocks) > 0 for run in range(1, measured + 1)):
            return None
        from zope.testrunner.leaks.explain import explain_by

        found = explain_by(self._databases.forgetting(work), grown)
        if kind_of(found) in self._kinds:
            return found
        self._hide_again(measured)
        return None

    def _hide_again(self, measured: int) -> None:
        """Go on where the hunt was before all was shown."""
        self._was_theirs = self._is_theirs
        settle()
        self._canaries[0] = []
        gc.freeze()
        self._frozen = True
        self._canaries[1] = []
        collect()
        spare = len(self._rows) // self._width - 1
        self._read_when_quiet(spare, None, True)
        # What was made meanwhile is no change of a run.
        for place in range(self._width):
            more = self._rows[spare * self._width + place] - self._rows[measured * self._width + place]
            for row in range(measured + 1):
                self._rows[row * self._width + place] += more

    def _judge_like(self, explanation: Explanation, measured: int, done: int) -> Finding:
        """The verdict on work that leaks like other work."""
        from zope.testrunner.leaks.allocation_sites import RUNS

        policy = self._policy._replace(warmup=0, confirm=0)
        runs = range(1, measured + 1)
        verdicts = tuple(
            judge(each.name, each.unit, [self._change(run, place) for run in runs], policy)
            for place, each in enumerate(self._trackers)
        )
        kind = kind_of(explanation)
        return Finding(Growth.LEAK, verdicts, done, None, explanation, kind, kind, RUNS)

    @property
    def _may_come_back(self) -> bool:
        """Whether the first run is known to have left something: it may be that every second or third one does."""
        return self._first_look is not None and self._first_look.has_grown_a_little

    def _can_see_more(self, error: Exception) -> bool:
        """Show what is hidden to work that failed with this, if anything is and that could be the reason."""
        if not self._frozen or isinstance(error, CannotGoOn):
            return False
        self._survivors.let_go()
        self._show()
        return True

    def _settle_after(self, done: int, *, is_quick: bool) -> None:
        """What comes before the collection after so many runs; after the first one, all that is alive is hidden."""
        if done > 1 or not self._hide():
            if not is_quick:
                self._survivors.look_again()
            empty_caches()
        if not self._frozen:
            forget_dead()

    def _remember(self, measured: int) -> None:
        """Remember what is young after the first two runs on the frozen heap, and what holds more later on."""
        if self._policy.warmup == 1 and measured in (1, 2):
            self._marks[measured - 1] = _mark_of_young()
            if self._frozen:
                self._note_young(measured)
        if measured == 1 and self._holders is not None:
            self._holders.note()

    def _note_young(self, measured: int) -> None:
        """Note which objects are young after the first measured run, and how many of those after the second are others."""
        young = list(map(id, gc.get_objects()))
        if measured == 1:
            self._renewed[0] = 0
            if len(young) < len(self._renewed):
                self._renewed[0] = len(young)
                self._renewed[1 : 1 + len(young)] = array("Q", young)
        elif self._renewed[0]:
            known = frozenset(self._renewed[1 : 1 + self._renewed[0]])
            self._renewed[0] = len(young) - sum(map(known.__contains__, young))

    def thaw(self) -> None:
        """Show all objects to the garbage collector, and collect what became garbage while they were hidden."""
        self._is_anew = True
        self._show()
        if self._is_to_be_collected:
            self._collect()

    def _collect(self) -> None:
        self._is_to_be_collected = False
        gc.collect()

    def _show(self) -> None:
        if self._frozen:
            self._frozen = False
            gc.unfreeze()
        if self._is_theirs:
            if self._was_theirs:
                gc.freeze()
            self._is_theirs = self._was_theirs = False

    def _hide(self) -> bool:
        """Settle, and hide everything that is alive after the first run from the collector; False if that cannot be done.

        Between later runs of the same work, this must not happen.
        """
        if not self._freeze or self._is_theirs:
            return False
        empty_caches()
        if self._survivors.are_taken:
            # Some were in caches, or belonged to what has been done with the work since.
            gc.collect(1)
            self._survivors.let_go_of_abandoned()
        else:
            self._survivors.take()
        self._survivors.look()
        # The canaries are told apart by which side of the freeze they are on.
        self._canaries[0] = []
        self._databases.note(anew=self._is_anew)
        self._is_anew = False
        gc.freeze()
        self._frozen = self._is_to_be_collected = True
        self._canaries[1] = []
        return True

    def _has_changed_freezing(self, done: int) -> bool:
        """Undo what the work did to the frozen heap; whether everything is seen since then, at a price.

        What is hidden after the first run is nobody's business here.  If a later one hides more, its garbage could not be
        collected.
        """
        if self._frozen:
            old, new = map(id, self._canaries)
            visible = list(map(id, gc.get_objects()))
            if old in visible or new not in visible:
                self._survivors.let_go()
                gc.unfreeze()
                self._frozen = False
                return True
        elif done == 1:
            self._is_theirs = frozen_by_others()
            if self._is_theirs:
                self._canaries[1] = []
        elif not self._is_theirs:
            if frozen_by_others():
                gc.unfreeze()
        elif id(self._canaries[1]) not in set(map(id, gc.get_objects())):
            gc.unfreeze()
            self._was_theirs = True
        return False

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

    def _read(self, row: int, places: Sequence[int] | None = None) -> None:
        start = row * len(self._trackers)
        for place, each in enumerate(self._trackers):
            if places is None or place in places:
                self._rows[start + place] = each.sample().total
        if self._is_counting_all and self._objects >= 0:
            self._rows[start + self._objects] += gc.get_freeze_count()
        if self._references >= 0 and (places is None or self._references in places):
            self._rows[start + self._references] += self._survivors.references

    def _change(self, run: int, place: int) -> int:
        width = len(self._trackers)
        return self._rows[run * width + place] - self._rows[(run - 1) * width + place]

    def _read_when_quiet(self, row: int, places: Sequence[int] | None, calm: bool) -> None:
        """Read these counters, if it is not calm again until nothing has moved meanwhile, a few times at most.

        What is as it was one run before is what this one is to be compared with.
        """
        self._read(row, places)
        if calm or (row and self._agree(row, row - 1, places)):
            return
        # No number, and nothing else, may be made here that is there when the counters are read.
        left = _LOOKS
        while left:
            left -= 1
            time.sleep(_MOMENT)
            settle()
            self._read(row + 1, places)
            if self._agree(row, row + 1, places):
                return
            self._copy(row + 1, row)

    def _copy(self, source: int, target: int) -> None:
        width = self._width
        self._rows[target * width : (target + 1) * width] = self._rows[source * width : (source + 1) * width]

    def _agree(self, row: int, other: int, places: Sequence[int] | None) -> bool:
        """Whether none of these counters differs, by what counts, between two readings."""
        here, there = row * self._width, other * self._width
        return all(
            abs(self._rows[here + place] - self._rows[there + place]) < self._least[place]
            for place in (range(self._width) if places is None else places)
        )

    def _is_suspect(self, measured: int) -> bool:
        """Whether some counter may turn out to grow in every run, or is not known not to."""
        if measured == 1 and self._is_unchanged(1):
            return False
        restless = _thread._count() > 0
        replaces = self._only_replaces(measured)
        for place, (each, least) in enumerate(zip(self._trackers, self._least, strict=True)):
            if measured == 1 and abs(self._change(1, place)) < least:
                continue
            changes = [self._change(run, place) for run in range(1, measured + 1)]
            rest = 1 if replaces and (each.name in _OF_THE_NEW or self._renewed[0]) else None
            if is_open(each.name, changes, self._policy, threshold=least, restless=restless, rest=rest):
                return True
        return False

    def _only_replaces(self, measured: int) -> bool:
        """Whether what is new takes the place of something that is frozen, and not counted, or not freed.

        There are no more blocks; or there were once, and since then as many objects have been replaced as there were more.
        """
        of_blocks = next((place for place, each in enumerate(self._trackers) if each.name == "blocks"), None)
        of_objects = next((place for place, each in enumerate(self._trackers) if each.name == "objects"), None)
        if of_blocks is None or of_objects is None or not self._frozen:
            return False
        runs = range(1, measured + 1)
        if not any(self._change(run, of_blocks) for run in runs):
            return any(self._change(run, of_objects) for run in runs)
        # What the first run has left is hidden: what it is in cycles with would stay when it is replaced.
        return (
            measured == 2
            and not self._change(2, of_blocks)
            and not self._change(2, of_objects)
            and 0 < self._change(1, of_objects) <= self._renewed[0]
        )

    def _is_unchanged(self, run: int) -> bool:
        """Whether every counter is where it was before this run."""
        width = self._width
        start = run * width
        return self._rows[start - width : start] == self._rows[start : start + width]

    def _foreign_now(self) -> tuple[str, ...]:
        """What makes the number of references worthless, if that is counted."""
        if self._counts_all_references and self._modules_seen != (now := mark_of_modules()):
            self._modules_seen = now
            self._foreign_extensions = foreign_extensions()
        return self._foreign_extensions

    def _judge(self, work: Callable[[], object], measured: int, done: int, seconds: float) -> Finding:
        foreign = self._foreign_now()
        if measured == 1 and not foreign and self._is_unchanged(1):
            return Finding(Growth.STABLE, self._unchanged, done)
        policy = self._policy._replace(warmup=0)
        runs = range(1, measured + 1)
        restless = _thread._count() > 0
        verdicts = tuple(
            judge(
                each.name,
                each.unit,
                self._trusted([self._change(run, place) for run in runs], place),
                policy,
                restless=restless,
            )
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
        if restless and any(verdict.is_leak for verdict in verdicts):
            verdicts = self._without_what_others_do(verdicts, measured, min(seconds, _LONGEST_IDLE))
        if any(verdict.is_leak for verdict in verdicts):
            try:
                verdicts = self._without_what_is_replaced(work, verdicts, measured)
            except Exception as error:
                return Finding(Growth.NOT_REPEATABLE, (), done, _why_not_again(error))
        judged = [each for each in verdicts if not (foreign and each.tracker == "refcounts")]
        growth = overall(judged)
        explanation: Explanation | None = None
        bounded: str | None = None
        if growth is Growth.NOT_JUDGED:
            bounded = undecided(judged, restless=restless)
        ended = growth is Growth.BOUNDED and any(each.why == _ENDED for each in verdicts)
        if self._explain and (ended or growth in (Growth.LEAK, Growth.REFERENCES)):
            from zope.testrunner.leaks.explain import explain
            from zope.testrunner.leaks.growing_containers import Holders

            # The explanation shows everything.
            self._was_theirs = self._is_theirs
            grown = self._holders.grown() if self._holders is not None else ()
            explanation = explain(self._databases.forgetting(work), grown)
            self._holders = self._holders or Holders()
            if explanation.bound is not None and not is_more_than_weak(explanation, verdicts):
                growth, bounded = Growth.BOUNDED, f"bounded at {explanation.bound}"
            elif ended:
                explanation, bounded = None, _ENDED
            elif may_be_kept_by_python(explanation, verdicts):
                growth, bounded, explanation = Growth.NOT_JUDGED, _KEPT, None
        if growth is Growth.LEAK and not has_grown(explanation) and self._replaces_atoms(work, verdicts):
            verdicts = tuple(
                each._replace(growth=Growth.STABLE, per_run=0, why=_REPLACED) if each.is_leak else each for each in verdicts
            )
            judged = [each for each in verdicts if not (foreign and each.tracker == "refcounts")]
            return Finding(overall(judged), verdicts, done)
        kind = kind_of(explanation) if growth is Growth.LEAK else None
        like = kind if kind in self._kinds else None
        if kind is not None:
            self._kinds.add(kind)
        return Finding(growth, verdicts, done, bounded, explanation, kind, like)

    def _trusted(self, changes: list[int], place: int) -> list[int]:
        """The changes of a counter, without the first one if that is no growth of the work.

        What the first run has left is hidden, and not missed when the next one replaces it.
        """
        rises = [change >= self._least[place] for change in changes]
        if not self._frozen or len(changes) < 2 or not rises[0] or True in rises[1:]:
            return changes
        takes_no_memory = self._blocks >= 0 and self._change(1, self._blocks) <= 0
        return changes[1:] if takes_no_memory or self._marks[0] != self._marks[1] else changes

    def _replaces_atoms(self, work: Callable[[], object], verdicts: Sequence[Verdict]) -> bool:
        """Whether nothing but blocks grows, and these only until larger values are in the place of all smaller ones."""
        leaking = {
            each.tracker: place for place, each in enumerate(verdicts) if each.is_leak and each.tracker != "references"
        }
        if self._frozen or "blocks" not in leaking or not leaking.keys() <= _OF_ATOMS:
            return False

        # Some of what was seen with a frozen heap may have been replaced.
        added = self._change(self._openly, leaking["blocks"])
        per_run = max(1, min(verdicts[leaking["blocks"]].per_run, added)) if self._freeze else 1

        def quietly() -> None:
            self._others.begin()
            work()
            self._databases.forget()
            self._others.wait()

        try:
            return only_replaces(quietly, per_run)
        except Exception:
            return False

    def _without_what_others_do(self, verdicts: tuple[Verdict, ...], measured: int, seconds: float) -> tuple[Verdict, ...]:
        """The verdicts, but for those on counters that move as much by themselves: threads may be at work all the time."""
        for row in range(measured + 1, measured + 1 + _IDLE):
            time.sleep(seconds)
            settle()
            self._read_when_quiet(row, None, True)
        # Before the first of them, verdicts were made.
        rounds = range(measured + 2, measured + 1 + _IDLE)
        return tuple(
            verdict._replace(growth=Growth.NOT_JUDGED, per_run=0, why=OTHERS)
            if verdict.is_leak and recurs([self._change(row, place) for row in rounds], verdict.per_run)
            else verdict
            for place, verdict in enumerate(verdicts)
        )

    def _without_what_is_replaced(
        self, work: Callable[[], object], verdicts: tuple[Verdict, ...], measured: int
    ) -> tuple[Verdict, ...]:
        """The verdicts, but for those on counters that grow only as new things take the place of older ones.

        With a frozen heap only what is new is counted, and not what is gone for it, and garbage in cycles from before
        cannot go at all: it is shown, and the work is done again.  References are counted only where nothing else says
        whether it leaks, since to count all of them takes long.  An exception of the work goes through.
        """
        leaking = [place for place, each in enumerate(verdicts) if each.is_leak]
        growing, ended = leaking, []
        # A single run cannot be told from what is done only once.
        if self._frozen and measured > 1:
            # Verdicts were made since the last reading.
            collect()
            self._is_counting_all = True
            last = len(self._rows) // self._width - 1
            self._read_when_quiet(last, None, True)
            self._show()
            settle()
            counted = [place for place in leaking if verdicts[place].tracker != "references"]
            self._is_counting_all = False
            self._read_when_quiet(0, counted, True)
            remaining = [place for place in counted if not self._has_gone(place, verdicts[place], last)]
            growing = self._grow_on(remaining, verdicts, work)
            rest = [place for place in leaking if place not in remaining]
            if rest and not growing:
                references = [place for place in rest if place not in counted]
                for _ in range(_LEVELS - 1):
                    settle()
                growing = self._grow_openly(work, [place for place in rest if place in counted], verdicts)
                growing = growing or self._grow_openly(work, references, verdicts)
            ended = [place for place in leaking if place not in growing and self._has_ended(place, verdicts[place])]
            if not growing and not ended and self._holds_more(work, leaking, verdicts):
                growing = [place for place in leaking if verdicts[place].tracker == "objects"]
            if ended and not self._policy.confirm:
                # As many runs have grown as were asked for.
                growing, ended = [*growing, *ended], []
        if growing:
            growing += [place for place in leaking if verdicts[place].tracker == "references"]
        told = list(verdicts)
        for place in leaking:
            if place in ended:
                told[place] = told[place]._replace(growth=Growth.BOUNDED, per_run=0, why=_ENDED)
            elif place not in growing:
                told[place] = told[place]._replace(growth=Growth.STABLE, per_run=0, why=_REPLACED)
        return tuple(told)

    def _holds_more(self, work: Callable[[], object], leaking: Sequence[int], verdicts: Sequence[Verdict]) -> bool:
        """Whether something grows, although as much is freed for what is new."""
        if not any(verdicts[place].tracker == "objects" for place in leaking):
            return False
        from zope.testrunner.leaks.offsets import holds_more

        return holds_more(self._databases.forgetting(work))

    def _has_ended(self, place: int, verdict: Verdict) -> bool:
        """Whether a counter that grows no more is still as high as that: nothing that it grew by went when all was shown."""
        fell = self._rows[len(self._rows) - self._width + place] - self._rows[place]
        return verdict.tracker not in _OF_THE_NEW and 2 * fell < sum(verdict.deltas)

    def _has_gone(self, place: int, verdict: Verdict, last: int) -> bool:
        """Whether half of what a counter grew by, or more, was garbage that was hidden, or as much of it was there anyway."""
        fell = self._rows[last * self._width + place] - self._rows[place]
        return 2 * fell >= sum(verdict.deltas)

    def _grow_on(self, places: Sequence[int], verdicts: Sequence[Verdict], work: Callable[[], object]) -> list[int]:
        """The same, of counters that need not look at each object: all are hidden again, as garbage has been collected, and
        counted all the same.
        """
        if not places:
            return []
        gc.freeze()
        self._frozen = self._is_counting_all = True
        # Free lists are as empty as after each run.
        collect()
        try:
            return self._grow_openly(work, places, verdicts)
        finally:
            self._is_counting_all = False
            self._show()

    def _grow_openly(self, work: Callable[[], object], places: Sequence[int], verdicts: Sequence[Verdict]) -> list[int]:
        """Those of these counters that grow in some more runs as much as has been seen, half of it at least."""
        if not places:
            return []
        # Nothing may be made between the readings that is still there at the next.
        threads, flags = _thread._count(), gc.get_debug()
        row, calm = 0, True
        self._read_when_quiet(row, places, calm)
        for row in range(1, (_OPENLY_AT_MOST if threads else _OPENLY) + 1):
            self._others.begin()
            work()
            self._databases.forget()
            _wait_for_threads(threads)
            calm = self._others.wait()
            gc.set_debug(flags)
            settle()
            self._read_when_quiet(row, places, calm)
            if row > 1 and self._is_clear(row, places, verdicts):
                break
        return self._growing(row, places, verdicts)

    def _is_clear(self, row: int, places: Sequence[int], verdicts: Sequence[Verdict]) -> bool:
        """Whether enough runs are done: all of these counters grow, or none does and there is no other thread."""
        growing = len(self._growing(row, places, verdicts))
        self._openly = row
        return growing == len(places) or (not growing and not _thread._count())

    def _growing(self, row: int, places: Sequence[int], verdicts: Sequence[Verdict]) -> list[int]:
        """Those of these counters that are larger at this reading than at the first one, by half of what was seen."""
        added = {place: self._rows[row * self._width + place] - self._rows[place] for place in places}
        return [place for place, more in added.items() if 2 * more >= row * verdicts[place].per_run]


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
    # Garbage from before would go when all is shown, and be taken for what the work has left.
    gc.collect()
    with Hunter(policy=policy, adaptive=adaptive, trackers=trackers, explain=explain, freeze=freeze) as hunter:
        finding = hunter.hunt(work)
    for text in news():
        warnings.warn(text, stacklevel=2)
    return finding


def _mark_of_young() -> int:
    """A number that is another one when other objects are young."""
    return hash(frozenset(map(id, gc.get_objects())))


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
    if _thread._count() <= wanted:
        return
    end = time.monotonic() + _PATIENCE
    while _thread._count() > wanted and time.monotonic() < end:
        time.sleep(0.001)
