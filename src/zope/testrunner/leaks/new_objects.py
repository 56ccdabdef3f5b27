"""What new objects there are, by type, and one of them as an example."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Final

from zope.testrunner.leaks.allocation_sites import NAMED, RUNS
from zope.testrunner.leaks.expressions import Route
from zope.testrunner.leaks.finding import New
from zope.testrunner.leaks.growing_containers import Grown, last_of
from zope.testrunner.leaks.object_texts import texts_of
from zope.testrunner.leaks.owners import is_users
from zope.testrunner.leaks.referrer_paths import route_through
from zope.testrunner.leaks.traced_runs import Remains
from zope.testrunner.leaks.trackers.refcounts import type_title


def titles_of_new(remains: Remains, more: Mapping[str, int]) -> dict[str, int]:
    """The types of what is new with the number per run, those that tell most first.

    ``more`` are the numbers by which there are more than after the first run: what every run replaces is left out.
    """
    added: Counter[str] = Counter(type_title(type(found)) for found in remains.added)
    kinds = {type_title(kind): kind for kind in {id(kind): kind for kind in map(type, _all(remains))}.values()}
    rows = []
    for title, kind in kinds.items():
        per_run = max(0, more.get(title, 0)) // (RUNS - 1) + added[title] // RUNS
        number = remains.many.get(title, 0) if more.get(title, 0) > 0 else 0
        if not per_run and number + added[title] >= RUNS - 1:
            # An atom may come from a place that was free before, without a trace.
            per_run = 1
        if per_run:
            rows.append((_rank(kind), -per_run, title))
    # In the order in which they were found otherwise.
    rows.sort(key=lambda row: row[:2])
    return {title: -number for _, number, title in rows}


def route_to_example(
    grown: list[Grown], leaked: list[object], titles: Mapping[str, int], remains: Remains, fresh: set[int]
) -> Route | None:
    """The way from a container that grew to a new object that says much, None if none leads to any.

    What a container took in last is preferred, then one of those ``leaked``, to which nothing new refers: what these consist
    of is new because of them.
    """
    grown = grown[:NAMED]
    for row in grown:
        taken = [found for found in last_of(row[0], row[1]) if id(found) in fresh and _rank(type(found)) < _SAYS_LITTLE]
        if taken and (route := route_through(row[0], taken[-1:], fresh)) is not None:
            return route
    telling: dict[int, list[object]] = {}
    for found in leaked:
        telling.setdefault(_rank(type(found)), []).append(found)
    for rank, targets in sorted(telling.items()):
        if rank < _SAYS_LITTLE and (route := _through_any(grown, targets, fresh)) is not None:
            return route
    new = fresh.union(map(id, remains.added))
    for title in titles:
        targets = _last_of_type(title, remains)
        if targets and (route := _through_any(grown, targets, new)) is not None:
            return route
    return _through_any(grown, leaked, fresh) if leaked else None


def _through_any(grown: list[Grown], targets: list[object], new: set[int]) -> Route | None:
    return next((route for row in grown if (route := route_through(row[0], targets, new)) is not None), None)


def described_new(remains: Remains, titles: Mapping[str, int], example: object) -> tuple[New, ...]:
    """What is new, the type of the example first, if that is one of them."""
    first = type_title(type(example))
    chosen: dict[str, object] = {first: example} if first in titles else {}
    has_example = bool(chosen)
    for found in _all(remains):
        chosen.setdefault(type_title(type(found)), found)
    ordered = sorted(titles, key=lambda title: has_example and title != first)[:NAMED]
    texts = texts_of([chosen[title] for title in ordered])
    return tuple([New(title, titles[title], text) for title, text in zip(ordered, texts, strict=True)])


def _all(remains: Remains) -> chain[object]:
    return chain(remains.young, remains.atoms, remains.added)


def _last_of_type(title: str, remains: Remains) -> list[object]:
    """The objects of this type that were made last, as many as there are runs."""
    found: list[object] = []
    for each in chain(reversed(remains.added), reversed(remains.young)):
        if type_title(type(each)) == title:
            found.append(each)
            if len(found) == RUNS:
                break
    return found


#: From this rank on, objects of a type are there because of others.
_SAYS_LITTLE: Final = 4


def _rank(kind: type) -> int:
    """How much the type of an object says, most first: a user's own class, one of a library, a container, anything else."""
    title = type_title(kind)
    if title in ("weakref.ReferenceType", "function", "method", "cell", "frame", "traceback", "builtin_function_or_method"):
        return _SAYS_LITTLE
    if "." not in title:
        return 2
    if title == "logging.LogRecord":
        return 3
    try:
        path = sys.modules[kind.__module__].__file__
    except Exception:
        path = None
    return 0 if path is not None and is_users(path) else 1
