"""Decide from the changes of a counter over repeated runs whether the work leaks: numbers in, verdict out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from zope.testrunner.leaks.readings import Growth, Unit, Verdict


def jit_is_enabled() -> bool:
    """Whether this Python compiles to machine code while it runs (3.14 and newer, ``PYTHON_JIT=1``)."""
    jit = getattr(sys, "_jit", None)
    return jit is not None and bool(jit.is_enabled())


#: The smallest rise that counts, by tracker.  Whatever counts things counts them exactly, so one is a rise;
#: the C heap moves by up to a few pages by itself.  The resident set follows the system's needs as well, and
#: decides nothing below a megabyte.  To empty Python's caches throws compiled code away, of which a few blocks stay
#: each time (seen on 3.14.10 and 3.15.2): while Python compiles, they are no rise.
THRESHOLDS: Final[Mapping[str, int]] = MappingProxyType(
    {"heap": 16 * 1024, "rss": 1024**2, "uss": 1024**2, **({"blocks": 8} if jit_is_enabled() else {})}
)

#: Counters that can stand still while something grows: what is larger than before is often given an eighth more than it
#: needs (``bytearray``, ``list``, ``io.BytesIO``), and takes the next additions into that.
_IN_STEPS: Final = frozenset({"heap"})
#: So many runs in a row may fit into such a reserve, at the sizes that a hunt can reach.
_PAUSE: Final = 2


class Policy(NamedTuple):
    """How many runs it takes to decide.

    The first ``warmup`` changes are dropped.  It is a leak when ``runs`` further ones, and ``confirm`` more
    after these, all reach the threshold.
    """

    warmup: int = 1
    runs: int = 3
    confirm: int = 8


DEFAULT: Final = Policy()
#: The fixed numbers of runs when none are given: those that have been usual for counting references since
#: Python 2.
_STABILIZE: Final = 5
_RUN: Final = 4
#: More runs than that are a slip of the pen: room for their numbers is made beforehand.
_MOST: Final = 100_000

#: A fall ends a warm-up so often, and no oftener: what goes up and down for ever would never be judged.
_MOST_FALLS: Final = 3
#: In so many runs, at least, it is to be seen what stays when a counter goes up and down.
_SPAN: Final = 8
#: Growth that has not come back in so many runs has ended.
_REST: Final = 3

#: For laps of a layer, which are not run again to confirm anything: what the user asked for has to do.
LAPS: Final = Policy(warmup=1, runs=2, confirm=0)


def judge(
    tracker: str,
    unit: Unit,
    changes: Sequence[int],
    policy: Policy = DEFAULT,
    *,
    threshold: int | None = None,
    restless: bool = False,
) -> Verdict:
    """The verdict on one counter, given its ``changes`` over the runs, in order, the warm-up included.

    A leak rises by the threshold (1, or what `THRESHOLDS` says) in every run after the warm-up: one change
    below it clears, but for the C heap, where what grows in place takes more than it needs and has room for a run or
    two.  A fall says nothing, but that something has been given back: it ends another warm-up, and what follows is judged,
    three times at most.  Of the rest, what grew in several runs and then stopped is bounded, what grew in one is one-time
    growth, and what is larger in the end without having come to rest is not judged; the reason says by how much it grew.

    With ``restless``, other threads move the counter up and down.  Then it is a leak, too, if it has risen in the long run,
    wherever one looks (see `rises_on_the_whole`).
    """
    least = THRESHOLDS.get(tracker, 1) if threshold is None else threshold
    deltas = tuple(changes[policy.warmup :])
    if deltas and -least < min(deltas) and max(deltas) < least:
        # By far the most counters of the most tests.
        return Verdict(tracker, unit, Growth.STABLE, deltas)
    tail, falls = since_fall(deltas, least)
    rises = [delta >= least for delta in tail]
    if restless and min(deltas) < least and rises_on_the_whole(deltas, policy, least):
        return Verdict(tracker, unit, Growth.LEAK, deltas, max(least, sum(deltas) // len(deltas)))
    if rises and all(rises):
        return _judge_rises(Verdict(tracker, unit, Growth.NOT_JUDGED, deltas), tail, policy, least)
    if grows_in_steps(tracker, deltas, policy, least) and _goes_on(rises):
        return Verdict(tracker, unit, Growth.LEAK, deltas, sum(deltas) // len(deltas))
    fell = "it fell, which could hide growth elsewhere" if falls else None
    larger = sum(deltas) >= least
    if falls > _MOST_FALLS or not tail:
        # It has not come to rest.
        if larger:
            return Verdict(tracker, unit, Growth.NOT_JUDGED, deltas, why=_slope(deltas, least))
        return Verdict(tracker, unit, Growth.STABLE, deltas, why=fell)
    if not any(rises):
        growth = Growth.ONE_TIME if larger else Growth.STABLE
        return Verdict(tracker, unit, growth, deltas, why=None if larger else fell)
    first, pause = rises.index(True), rises[::-1].index(True)
    if sum(rises) == 1:
        return Verdict(tracker, unit, Growth.ONE_TIME, deltas)
    if pause >= _REST or (pause and all(rises[first : len(rises) - pause])):
        return Verdict(tracker, unit, Growth.BOUNDED, deltas)
    return Verdict(tracker, unit, Growth.NOT_JUDGED, deltas, why=_slope(tail, least))


def _judge_rises(verdict: Verdict, tail: Sequence[int], policy: Policy, least: int) -> Verdict:
    """The verdict on a counter that grew in every run since it last fell, if it did: in all of ``tail``."""
    deltas = verdict.deltas
    warmup = len(deltas) - len(tail)
    if len(tail) < policy.runs:
        if any(delta >= least for delta in deltas[:warmup]):
            # It rose before it fell as well.
            return verdict._replace(why=_slope(deltas, least)) if sum(deltas) >= least else verdict._replace(
                growth=Growth.STABLE, why="it fell, which could hide growth elsewhere"
            )
        needed = policy.warmup + policy.runs
        since = " after it fell" if warmup else ""
        there = len(tail) if warmup else policy.warmup + len(tail)
        return verdict._replace(
            why=f"it takes {policy.runs if warmup else needed} runs{since}, and there were {there}"
        )
    if len(tail) < policy.runs + policy.confirm:
        return verdict._replace(why="it grew in every run, but was not confirmed")
    if not policy.confirm and len(tail) < _RUN and warmup and _highest(deltas[:warmup]) >= sum(deltas):
        # So few runs may as well be the way back to where it was.
        return verdict._replace(why="it fell, and has not been higher since")
    return verdict._replace(growth=Growth.LEAK, deltas=tuple(tail), per_run=min(tail))


def is_open(
    tracker: str,
    deltas: Sequence[int],
    policy: Policy,
    *,
    threshold: int | None = None,
    restless: bool = False,
    rest: int | None = None,
) -> bool:
    """Whether another run may change the verdict on a counter with these changes after the warm-up.

    It may while the counter rises, right after a fall, and as long as growth may come back that paused: what comes every
    second or third run is no growth that has ended.  ``rest`` is after how many runs without growth it has.
    """
    rest = _REST if rest is None else rest
    least = THRESHOLDS.get(tracker, 1) if threshold is None else threshold
    enough = policy.runs + policy.confirm
    tail, falls = since_fall(deltas, least)
    rises = [delta >= least for delta in tail]
    if restless and rises_on_the_whole(deltas, policy, least):
        return False
    if len(deltas) >= enough and grows_in_steps(tracker, deltas, policy, least) and False in rises and _goes_on(rises):
        return False
    if falls > _MOST_FALLS:
        return restless and len(deltas) < 2 * max(enough, _SPAN) and sum(deltas) >= least
    if not tail:
        return True
    if all(rises):
        return len(tail) < enough
    if not any(rises):
        # What moves may have hidden growth once.
        return restless and falls > 0 and len(tail) < _REST
    pause = rises[::-1].index(True)
    if pause >= rest:
        return False
    # What has paused in the end may have come to its end; what goes on will not be known any better.
    most = 2 * max(enough, _SPAN) if restless else enough + (_REST if pause else 0)
    return len(tail) < most


def most_runs(policy: Policy) -> int:
    """The number of runs after which a hunt by this policy ends in any case."""
    return policy.warmup + (_MOST_FALLS + 1) * max(policy.runs + policy.confirm, _SPAN)


def since_fall(deltas: Sequence[int], least: int) -> tuple[Sequence[int], int]:
    """The changes after the last fall that ends a warm-up, and how many falls there were in all."""
    begin = falls = 0
    for place, delta in enumerate(deltas, 1):
        if delta <= -least:
            falls += 1
            if falls <= _MOST_FALLS:
                begin = place
    return deltas[begin:], falls


def rises_on_the_whole(deltas: Sequence[int], policy: Policy, least: int) -> bool:
    """Whether a counter that is moved up and down has risen all the time nevertheless.

    After as many runs as it takes to confirm a leak, it has to be higher than it was half of these runs before by what
    every second one of them would have added, and that at every moment: what stays when the rest comes and goes.
    """
    if len(deltas) < max(policy.runs + policy.confirm, _SPAN):
        return False
    span = len(deltas) // 2
    least_rise = (span + 1) // 2 * least
    return all(sum(deltas[place : place + span]) >= least_rise for place in range(len(deltas) - span + 1))


def recurs(idle: Sequence[int], per_run: int) -> bool:
    """Whether a counter with these changes, each while nothing was done for as long as a run takes, grows as much by itself.

    What it did once, or what it gave back, does not come again and again.
    """
    least = max(1, per_run // 2)
    return 2 * sum(idle) >= per_run * len(idle) and 2 * sum(change >= least for change in idle) > len(idle)


def _highest(deltas: Sequence[int]) -> int:
    """How far above its first value a counter has been at most; 0 if it never was."""
    highest = now = 0
    for delta in deltas:
        now += delta
        highest = max(highest, now)
    return highest


def _slope(deltas: Sequence[int], least: int) -> str:
    """By how much it grew, in words."""
    rises = sum(delta >= least for delta in deltas)
    return f"it grew in {rises} of {len(deltas)} runs, by {sum(deltas) / len(deltas):,.3g} a run on average"


def grows_in_steps(tracker: str, deltas: Sequence[int], policy: Policy, least: int) -> bool:
    """Whether these changes, after the warm-up, may be those of a buffer that grows in place: it takes more than it needs.

    Then some of the runs that confirm add nothing, never many in a row, and what was taken is never given back.
    """
    if tracker not in _IN_STEPS or not policy.confirm or min(deltas) <= -least:
        return False
    rises = [delta >= least for delta in deltas]
    return len(deltas) >= policy.runs + policy.confirm and all(rises[: policy.runs]) and any(rises[-_PAUSE - 1 :])


def _goes_on(rises: Sequence[bool]) -> bool:
    """Whether there is growth after a pause, so that it had not come to its end."""
    return True in rises[rises.index(False) :]


def fixed(spelling: str) -> Policy:
    """The policy of ``STAB:RUN``: that many runs to settle down, then that many of which every one must grow.

    Either number may be left out: ``:`` is ``5:4``, ``8:`` is ``8:4`` and ``:2`` is ``5:2``.  Raises
    ValueError, saying what is wrong, for anything else.
    """
    settle, colon, run = spelling.strip().partition(":")
    numbers = []
    for text, default, least in ((settle, _STABILIZE, 0), (run, _RUN, 1)):
        digits = text.strip()
        if not colon or (digits and not (digits.isascii() and digits.isdigit())):
            raise ValueError(
                f"{spelling!r} is not STAB:RUN, such as 5:4, where either number may be left out"
            )
        if len(digits.lstrip("0")) > len(str(_MOST)) or int(digits or default) > _MOST:
            raise ValueError(f"{spelling!r} would not end: each number is at most {_MOST:,}")
        number = int(digits or default)
        if number < least:
            raise ValueError(
                f"{spelling!r} runs nothing that could be judged: the number after the colon is at least 1"
            )
        numbers.append(number)
    return Policy(warmup=numbers[0], runs=numbers[1], confirm=0)
