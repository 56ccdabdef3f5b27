"""Decide from the changes of a counter over repeated runs whether the work leaks: numbers in, verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from zope.testrunner.leaks.readings import Growth, Unit, Verdict

#: The smallest rise that counts, by tracker.  Whatever counts things counts them exactly, so one is a rise;
#: the C heap moves by up to a few pages by itself.  The resident set follows the system's needs as well, and
#: decides nothing below a megabyte.
THRESHOLDS: Final[Mapping[str, int]] = MappingProxyType({"heap": 16 * 1024, "rss": 1024**2, "uss": 1024**2})

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

#: For laps of a layer, which are not run again to confirm anything: what the user asked for has to do.
LAPS: Final = Policy(warmup=1, runs=2, confirm=0)


def judge(
    tracker: str,
    unit: Unit,
    changes: Sequence[int],
    policy: Policy = DEFAULT,
    *,
    threshold: int | None = None,
) -> Verdict:
    """The verdict on one counter, given its ``changes`` over the runs, in order, the warm-up included.

    A leak rises by the threshold (1, or what `THRESHOLDS` says) in every run after the warm-up: one change
    below it clears, but for the C heap, where what grows in place takes more than it needs and has room for a run or
    two.  Of the rest, what grew in several runs in a row and then stopped is bounded, what grew in one is one-time
    growth, and what has grown and fallen, or paused, without coming to rest is not judged, as too few runs to tell.
    """
    least = THRESHOLDS.get(tracker, 1) if threshold is None else threshold
    deltas = tuple(changes[policy.warmup :])
    if deltas and -least < min(deltas) and max(deltas) < least:
        # By far the most counters of the most tests.
        return Verdict(tracker, unit, Growth.STABLE, deltas)
    rises = [delta >= least for delta in deltas]
    growth, per_run, why = Growth.STABLE, 0, None
    if len(deltas) < policy.runs and all(rises):
        growth, why = (
            Growth.NOT_JUDGED,
            f"it takes {policy.warmup + policy.runs} runs, and there were {len(changes)}",
        )
    elif all(rises):
        if len(deltas) >= policy.runs + policy.confirm:
            growth, per_run = Growth.LEAK, min(deltas)
        else:
            growth, why = Growth.NOT_JUDGED, "it grew in every run, but was not confirmed"
    elif grows_in_steps(tracker, deltas, policy, least) and _goes_on(rises):
        growth, per_run = Growth.LEAK, sum(deltas) // len(deltas)
    elif any(rises):
        last = len(rises) - 1 - rises[::-1].index(True)
        first = rises.index(True)
        if first == last:
            growth = Growth.ONE_TIME
        elif last < len(rises) - 1 and all(rises[first : last + 1]):
            growth = Growth.BOUNDED
        elif sum(deltas) >= least:
            growth, why = Growth.NOT_JUDGED, f"it grew in {sum(rises)} of {len(rises)} runs"
    if growth is Growth.STABLE and any(delta <= -least for delta in deltas):
        why = "it fell, which could hide growth elsewhere"
    return Verdict(tracker, unit, growth, deltas, per_run, why)


def grows_in_steps(tracker: str, deltas: Sequence[int], policy: Policy, least: int) -> bool:
    """Whether these changes, after the warm-up, may be those of a buffer that grows in place: it takes more than it needs.

    Then some of the runs that confirm add nothing, never many in a row, and what was taken is never given back.
    """
    if tracker not in _IN_STEPS or not policy.confirm or min(deltas) <= -least:
        return False
    rises = [delta >= least for delta in deltas]
    return all(rises[: policy.runs]) and any(rises[-_PAUSE - 1 :])


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
