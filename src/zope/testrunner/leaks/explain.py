"""What a leak is made of, where it was allocated, what grew, and why it is alive.

`explain` does the suspected work a few times more under ``tracemalloc``; `describe` puts a finding into
words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import NAMED, places_of
from zope.testrunner.leaks.caches import Caches, more_survives
from zope.testrunner.leaks.callers import with_callers
from zope.testrunner.leaks.finding import Explanation
from zope.testrunner.leaks.growing_containers import Containers, known_containers, unknown_containers
from zope.testrunner.leaks.growing_references import with_references
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.traced_runs import Remains, grown_in_runs, last_added, run_traced
from zope.testrunner.leaks.trackers.descriptors import Descriptors
from zope.testrunner.leaks.trackers.threads import Threads
from zope.testrunner.leaks.unwatched_work import Bare
from zope.testrunner.leaks.what_holds import Attempt, look


def explain(work: Callable[[], object], known: Sequence[object] = ()) -> Explanation:
    """Do the work again, a few times, and look at what stays behind.

    ``known`` are containers of which is known that the work makes them grow: if they hold all that the collector sees of
    the leak, no others are looked for, which is most of the work.
    What is hidden from the collector (``gc.freeze``) is shown again.  If the work fails now, the explanation says just that.
    """
    bare = Bare(work, explain.__code__)
    try:
        return with_references(bare, _explain(bare, known))
    except Exception as error:
        # A leak is found by then, and there may be no memory left to look for it.
        return Explanation(why=f"looking for what holds it failed: {error!r}", failed=True)
    finally:
        bare.empty_frames()


def explain_by(
    work: Callable[[], object], known: Sequence[object], is_known: Callable[[Explanation], bool]
) -> Explanation | None:
    """The same, if these containers hold all that the collector sees of the leak; None if they do not, or the work fails.

    Who called for what is allocated is not looked for if ``is_known``, as that takes most of the time.
    """
    bare = Bare(work, explain_by.__code__)
    try:
        found, remains = _attempt(bare, known)
        if not found.covered:
            return None
        explanation = _if_it_ends(bare, found)
        return explanation if is_known(explanation) else with_callers(bare, explanation, remains)
    except Exception:
        return None
    finally:
        bare.empty_frames()


def _explain(work: Bare, known: Sequence[object]) -> Explanation:
    if known:
        found, remains = _attempt(work, known)
        if found.covered:
            return with_callers(work, _if_it_ends(work, found), remains)
        del remains
    found, remains = _attempt(work)
    if remains is None or _is_enough(found.known):
        return with_callers(work, _if_it_ends(work, found), remains)
    if not found.accounted:
        # What holds it may be a container that the collector does not know.  To find all of these takes long, and few leaks
        # are into one.
        try:
            found = _look_further(work, found, remains)
        except Exception:
            # Something may be known nevertheless.
            return found.known
    if found.excuse is not None and found.known.bound is None and not _is_enough(found.known):
        try:
            if not more_survives(work, found.caches):
                return found.excuse
        except Exception:
            return found.known
    return with_callers(work, _if_it_ends(work, found), remains)


def _if_it_ends(work: Bare, found: Attempt) -> Explanation:
    """What is known, without the bound if what grows does not go when what is limited drops its old entries."""
    if found.known.bound is None or not found.limited:
        return found.known
    try:
        ends = not more_survives(work, found.limited)
    except Exception:
        ends = False
    return found.known if ends else found.known._replace(bound=None)


def _is_enough(known: Explanation) -> bool:
    return bool(known.named) or known.failed or any(holder.after is not None for holder in known.holders)


def _attempt(work: Bare, known: Sequence[object] = ()) -> tuple[Attempt, Remains | None]:
    """Try to explain a leak by what is left of some runs; only ``known`` containers may have grown, if any is given."""
    # Everything older may be hidden, and stays so: what was read last is settled.
    partly = bool(known)
    others = [
        each for each in (Descriptors(details=True), Threads(details=True)) if each.unavailable() is None
    ]
    before = [each.sample().detail or {} for each in others]
    containers, caches = Containers([], list(known)), Caches(())
    if not partly:
        gc.unfreeze()
        # What is garbage by now can grow as well, and to find out that nothing leads to it takes long.  A hunt has collected
        # all of it that is old; to do so again takes as long as the rest on a large heap.
        settle(whole=False)
        containers, caches = known_containers()
    try:
        remains = run_traced(work, containers, partly=partly)
    except Exception as error:
        why = f"it could not be run again to be explained: {type(error).__name__}: {error}"
        return Attempt(Explanation(why=why, failed=True)), None
    named = _new_names(before, [each.sample().detail or {} for each in others])
    remains = remains._replace(named=named, filled=caches.filled())
    # They refer to everything, and nothing is to be found in them.
    del containers, caches
    try:
        found = look(remains, partly=partly)
    except Exception as error:
        # Objects of the user are looked into, and can do as they like.
        why = f"looking for what holds it failed: {error!r}"
        return Attempt(Explanation(places=places_of(remains.lines), named=named, why=why, failed=True)), None
    return found._replace(accounted=remains.accounted), remains


def _look_further(work: Bare, found: Attempt, remains: Remains) -> Attempt:
    """The same attempt, now also with containers that the collector did not know; an exception of the work goes through."""
    containers = unknown_containers(remains.joined)
    settle(whole=False)
    if remains.values is None:
        more = run_traced(work, containers, thorough=True)
        more = more._replace(named=remains.named, filled=remains.filled)
    else:
        # What is to be seen of allocations was seen.
        grown = grown_in_runs(work, containers)
        more = remains._replace(grown=grown, added=last_added(grown, remains.atoms), values=None)
    del containers
    again = look(more, partly=False) if more.grown or more.values else found
    return again if _is_enough(again.known) or not found.known.holders else found


def _new_names(
    before: list[Mapping[str, tuple[int, int]]], after: list[Mapping[str, tuple[int, int]]]
) -> tuple[str, ...]:
    """Descriptors and threads that are new."""
    names = []
    for earlier, later in zip(before, after, strict=True):
        names += [name for name, (many, _) in later.items() if many > earlier.get(name, (0, 0))[0]]
    return tuple(sorted(names)[:NAMED])
