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
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.conclusions import (
    cleared,
    has_grown,
    is_more_than_weak,
    may_be_kept_by_python,
    overall,
    undecided,
)
from zope.testrunner.leaks.counters import Counters, default_trackers
from zope.testrunner.leaks.cursors import Databases, forget_dead
from zope.testrunner.leaks.finding import Explanation, Finding
from zope.testrunner.leaks.first_look import FirstLook, Frame, NoFrame
from zope.testrunner.leaks.hidden_heap import HiddenHeap
from zope.testrunner.leaks.kinds import RUNS, KnownKinds
from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.not_repeatable import CannotGoOn, NotRepeatable, why_not_again
from zope.testrunner.leaks.parked import Others, wait_for_threads
from zope.testrunner.leaks.readings import Growth, Verdict
from zope.testrunner.leaks.rechecks import ENDED, IDLE, OF_THE_NEW, OPENLY_AT_MOST, REPLACED, Rechecks
from zope.testrunner.leaks.settle import collect, empty_caches, frozen_by_others, saves_garbage, settle
from zope.testrunner.leaks.settlers import news
from zope.testrunner.leaks.verdict import DEFAULT, Policy, is_open, judge, most_runs
from zope.testrunner.leaks.young_objects import YoungObjects
from zope.testrunner.system.originals import time

#: Growth of the memory in blocks after which all garbage is collected, as the collector does by itself: by a quarter.
_GROWTH_TO_COLLECT: Final = 1.25


#: What the first run has left is looked for in so many more.
_REST: Final = 3
_KEPT: Final = (
    "nothing is seen to hold what is new, and since a thread was started, this Python keeps all new functions, classes and"
    " modules for good"
)


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

    With ``clears_at_once``, work that changes nothing the first time, by any counter, is clean and not done again; that
    is for many pieces of work, most of which are.

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
        self._databases = Databases()
        # Before the first run that is judged nothing may be hidden: what it leaves would be hidden with the rest.
        hides = freeze and policy.warmup > 0 and gc.CAN_FREEZE and not frozen_by_others()
        self._most_runs = most_runs(policy)
        self._counters = Counters(
            default_trackers(hidden=hides) if trackers is None else trackers,
            max(self._most_runs, OPENLY_AT_MOST) + 1 + IDLE,
        )
        self._heap = HiddenHeap(self._counters.survivors, self._databases, wanted=hides)
        # The findings of most work are alike.
        self._unchanged = tuple(
            Verdict(each.name, each.unit, Growth.STABLE, (0,)) for each in self._counters.trackers
        )
        self._young = YoungObjects()
        # Why the work failed when it was done again, if it did; and its explanation, if that came before it was confirmed.
        self._why = ""
        self._early: Explanation | None = None
        self._kinds = KnownKinds()
        self._others = Others()
        self._rechecks = Rechecks(
            self._counters, self._heap, self._others, self._databases, confirms=policy.confirm > 0
        )
        # A single run clears only with a heap whose young objects can be told apart, and by the usual counters.
        can_look = clears_at_once and hides and adaptive and trackers is None and policy.warmup == 1
        self._first_look: FirstLook | None = None
        if can_look and self._counters.survivors.is_watching_all:
            self._first_look = FirstLook(
                self._counters.trackers, self._counters.least, self._counters.survivors, self._others
            )
        self._counters.rehearse(hidden=hides)
        self._blocks_to_collect = int(_GROWTH_TO_COLLECT * self._counters.at(0, self._counters.blocks))

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
        except NotRepeatable as ended:
            why, done = ended.args
            return Finding(Growth.NOT_REPEATABLE, (), done, why)
        finally:
            self._counters.survivors.let_go()
            self._heap.show()
            blocks = self._counters.at(0, self._counters.blocks)
            if self._counters.blocks >= 0 and blocks > self._blocks_to_collect and self._heap.is_to_be_collected:
                # Those collections that are made here put off the automatic ones.
                self._heap.collect()
                self._blocks_to_collect = int(_GROWTH_TO_COLLECT * blocks)

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
        self._heap.is_to_be_collected = True
        self._do_first(work, first, look)
        return look.is_unchanged

    def _hunt(self, work: Callable[[], object], first: Callable[[Frame], object] | None) -> Finding:
        threads, flags = _thread._count(), gc.get_debug()
        self._young.forget()
        done, warmup = 0, self._policy.warmup
        measured, calm, is_quick = 0, True, False
        self._why, self._early = "", None
        began = time.monotonic()
        if not warmup:
            settle()
            self._counters.read_when_quiet(0, None, calm)
        while done - warmup < self._most_runs - self._policy.warmup:
            self._others.begin(first=not done)
            if not done:
                if self._is_clean_at_once(work, first):
                    gc.set_debug(flags)
                    return Finding(Growth.STABLE, self._unchanged, 1)
            elif not self._do_again(work, done):
                # It may have looked for what was hidden, and is judged from here on.
                warmup = done + 1
            done += 1
            self._databases.forget()
            wait_for_threads(threads)
            # What is counted late after the first run shows as growth, and what is after the second does not.
            calm = self._others.wait(first=done == 1)
            gc.set_debug(flags)
            warmup = done if self._heap.has_been_changed(done) else warmup
            measured = done - warmup
            is_quick = measured == 1 and self._fewest == 1 and self._heap.is_hidden
            if is_quick:
                # What settling does besides only makes things less: caches that were emptied are fuller now, or as empty.
                self._counters.survivors.look_again()
                collect()
                # What a call holds is counted with all references: every reading is made as deep in calls as the others.
                self._counters.read_when_quiet(1, None, True)
                if self._counters.is_unchanged(1) and not self._may_come_back:
                    break
            self._settle_after(done, is_quick=is_quick)
            # After hiding nothing is left to collect, but free lists are to be as empty as after the next run.
            collect()
            if measured < 0:
                continue
            self._counters.read_when_quiet(measured, None, calm)
            self._remember(measured)
            if self._is_clear(measured):
                break
            if measured == self._policy.runs and self._may_be_like_others(measured):
                if self._is_like_others(work):
                    return self._judge_like(measured, done)
                # The hunt goes on where it was before all was shown.
                self._heap.hide_again()
                collect()
                self._counters.read_when_quiet(self._counters.last, None, True)
                self._counters.forget_what_came_after(measured)
        self._counters.survivors.let_go()
        finding = self._judge(work, measured, done, (time.monotonic() - began) / done)
        gc.set_debug(flags)
        return finding

    def _may_be_like_others(self, measured: int) -> bool:
        """Whether what held earlier leaks has grown, and memory with it."""
        if not self._kinds.are_known or not self._heap.is_hidden or self._fewest > 1:
            return False
        counters = self._counters
        return bool(self._kinds.grown()) and min(counters.changes(measured, counters.blocks)) > 0

    @property
    def _policy_now(self) -> Policy:
        """The policy; runs of an explanation in which what held earlier leaks has grown are some of those that confirm."""
        if self._early is None:
            return self._policy
        return self._policy._replace(confirm=max(0, self._policy.confirm - RUNS))

    def _is_like_others(self, work: Callable[[], object]) -> bool:
        """Whether a leak is like an earlier one; see `KnownKinds.explain_by_holders`."""
        self._heap.is_about_to_be_shown()
        self._early = self._kinds.explain_by_holders(self._databases.forgetting(work))
        return self._kinds.knows(self._early)

    def _judge_like(self, measured: int, done: int) -> Finding:
        """The verdict on work that leaks like other work."""
        foreign = self._counters.foreign_extensions()
        verdicts = self._verdicts(measured, foreign, confirm=0, restless=_thread._count() > 0)
        return self._kinds.named(Finding(Growth.LEAK, verdicts, done, None, self._early, again=RUNS))

    def _do_again(self, work: Callable[[], object], done: int) -> bool:
        """Do the work that was done so many times; False if it fails, and may do better now that it can see everything.

        Raises `NotRepeatable`, with the first reason, where it would not.
        """
        try:
            work()
        except Exception as error:
            self._why = self._why or why_not_again(error)
            if not self._can_see_more(error):
                raise NotRepeatable(self._why, done) from None
            return False
        return True

    def _is_clear(self, measured: int) -> bool:
        """Whether enough runs are done."""
        if measured < self._fewest or self._is_suspect(measured):
            return False
        return measured >= _REST or not self._may_come_back

    @property
    def _may_come_back(self) -> bool:
        """Whether the first run is known to have left something: it may be that every second or third one does."""
        return self._first_look is not None and self._first_look.has_grown_a_little

    def _can_see_more(self, error: Exception) -> bool:
        """Show what is hidden to work that failed with this, if anything is and that could be the reason."""
        if not self._heap.is_hidden or isinstance(error, CannotGoOn):
            return False
        self._counters.survivors.let_go()
        self._heap.show()
        return True

    def _settle_after(self, done: int, *, is_quick: bool) -> None:
        """What comes before the collection after so many runs; after the first one, all that is alive is hidden."""
        if done > 1 or not self._heap.hide():
            if not is_quick:
                self._counters.survivors.look_again()
            empty_caches()
        if not self._heap.is_hidden:
            forget_dead()

    def _remember(self, measured: int) -> None:
        """Remember what is young after the first two runs on the frozen heap, and what holds more later on."""
        if self._policy.warmup == 1 and measured in (1, 2):
            self._young.note(measured, hidden=self._heap.is_hidden)
        if measured == 1:
            self._kinds.note_sizes()

    def thaw(self) -> None:
        """Show all objects to the garbage collector, and collect what became garbage while they were hidden."""
        self._heap.thaw()

    def _is_suspect(self, measured: int) -> bool:
        """Whether some counter may turn out to grow in every run, or is not known not to."""
        if measured == 1 and self._counters.is_unchanged(1):
            return False
        counters, restless = self._counters, _thread._count() > 0
        replaces = self._only_replaces(measured)
        for place, (each, least) in enumerate(zip(counters.trackers, counters.least, strict=True)):
            if measured == 1 and abs(counters.change(1, place)) < least:
                continue
            rest = 1 if replaces and (each.name in OF_THE_NEW or self._young.replaced) else None
            changes = counters.changes(measured, place)
            if is_open(each.name, changes, self._policy_now, threshold=least, restless=restless, rest=rest):
                return True
        return False

    def _only_replaces(self, measured: int) -> bool:
        """Whether what is new takes the place of something that is hidden, and not counted, or not freed.

        There are no more blocks; or there were once, and since then as many objects have been replaced as there were more.
        """
        counters = self._counters
        if counters.blocks < 0 or counters.objects < 0 or not self._heap.is_hidden:
            return False
        blocks, objects = counters.changes(measured, counters.blocks), counters.changes(measured, counters.objects)
        if not any(blocks):
            return any(objects)
        # What the first run has left is hidden: what it is in cycles with would stay when it is replaced.
        return measured == 2 and blocks[1] == objects[1] == 0 and 0 < objects[0] <= self._young.replaced

    def _judge(self, work: Callable[[], object], measured: int, done: int, seconds: float) -> Finding:
        foreign = self._counters.foreign_extensions()
        if measured == 1 and not foreign and self._counters.is_unchanged(1):
            return Finding(Growth.STABLE, self._unchanged, done)
        restless = _thread._count() > 0
        verdicts = self._verdicts(measured, foreign, confirm=self._policy_now.confirm, restless=restless)
        if restless and any(verdict.is_leak for verdict in verdicts):
            verdicts = self._rechecks.without_what_others_do(verdicts, measured, seconds)
        if any(verdict.is_leak for verdict in verdicts):
            try:
                verdicts = self._rechecks.without_what_is_replaced(work, verdicts, measured)
            except Exception as error:
                return Finding(Growth.NOT_REPEATABLE, (), done, why_not_again(error))
        judged = [each for each in verdicts if not (foreign and each.tracker == "refcounts")]
        growth = overall(judged)
        why = undecided(judged, restless=restless) if growth is Growth.NOT_JUDGED else None
        finding = Finding(growth, verdicts, done, why)
        if self._explain and (finding.is_leak or self._has_ended(finding)):
            finding = self._explained(work, finding)
        if finding.growth is Growth.LEAK and not has_grown(finding.explanation):
            finding = cleared(finding, judged, REPLACED) if self._rechecks.replaces_atoms(work, verdicts) else finding
        return self._kinds.named(finding)

    def _verdicts(
        self, measured: int, foreign: Sequence[str], *, confirm: int, restless: bool
    ) -> tuple[Verdict, ...]:
        """Those on the counters, by so many runs; the number of all references means nothing with ``foreign`` extensions."""
        policy = self._policy._replace(warmup=0, confirm=confirm)
        verdicts = tuple(
            judge(each.name, each.unit, self._trusted(measured, place), policy, restless=restless)
            for place, each in enumerate(self._counters.trackers)
        )
        if not foreign:
            return verdicts
        why = f"extension modules built for ordinary Python do not count references: {', '.join(foreign[:3])}"
        return tuple(
            each._replace(growth=Growth.NOT_JUDGED, per_run=0, why=why) if each.tracker == "refcounts" else each
            for each in verdicts
        )

    def _has_ended(self, finding: Finding) -> bool:
        return finding.growth is Growth.BOUNDED and any(each.why == ENDED for each in finding.verdicts)

    def _explained(self, work: Callable[[], object], finding: Finding) -> Finding:
        """The same, explained; the explanation may show that it is no leak."""
        from zope.testrunner.leaks.explain import explain

        # The explanation shows everything.
        self._heap.is_about_to_be_shown()
        again = RUNS if self._early is not None else 0
        found = self._early or explain(self._databases.forgetting(work), self._kinds.grown())
        self._kinds.watch()
        if found.bound is not None and not is_more_than_weak(found, finding.verdicts):
            return finding._replace(growth=Growth.BOUNDED, why=f"bounded at {found.bound}", explanation=found)
        if self._has_ended(finding):
            return finding._replace(why=ENDED, explanation=found)
        if may_be_kept_by_python(found, finding.verdicts):
            return finding._replace(growth=Growth.NOT_JUDGED, why=_KEPT)
        return finding._replace(explanation=found, again=again)

    def _trusted(self, measured: int, place: int) -> list[int]:
        """The changes of a counter, without the first one if that is no growth of the work.

        What the first run has left is hidden, and not missed when the next one replaces it.
        """
        counters = self._counters
        changes = counters.changes(measured, place)
        rises = [change >= counters.least[place] for change in changes]
        if not self._heap.is_hidden or len(changes) < 2 or not rises[0] or True in rises[1:]:
            return changes
        takes_no_memory = counters.blocks >= 0 and counters.change(1, counters.blocks) <= 0
        return changes[1:] if takes_no_memory or self._young.are_others else changes


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
