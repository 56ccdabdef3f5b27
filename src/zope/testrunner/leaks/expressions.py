"""The way to an object as a person would write it, and what on that way holds on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.attributes import CACHE
from zope.testrunner.leaks.steps import Form, begin, limit_of, step

#: Comes first in every question for referrers, to recognise its tuple of arguments.
MARK: Final = object()


class Route(NamedTuple):
    """The way to an object.

    ``expression`` leads to the object itself, ``target``; ``itself`` is what to call it if it is what holds, with the title
    of its type, and ``size`` how much is in that if the object is only a part of it.  ``holder`` leads to the nearest object
    on the way that is not among the new ones, of type ``title``; where that is no container, to what is in its attribute.
    ``bound`` is the size of a limited cache on the way, and ``limited`` that cache, if it is one that can be asked what it
    holds.
    """

    expression: str
    target: object
    itself: tuple[str, str]
    holder: str | None = None
    title: str = ""
    bound: int | None = None
    limited: object = None
    size: int | None = None


def express(start: str, chain: list[object], new: Collection[int]) -> Route:
    """Put the way into words, step by step."""
    is_variable = chain[0] is None
    if is_variable:
        # The root is a variable, and the first object its value.
        chain = chain[1:]
    way = begin(start, chain[0], is_variable=is_variable)
    holder: tuple[str, str] | None = (way.text, way.title) if is_variable else None
    for place, here in enumerate(chain):
        is_old = id(here) not in new
        if is_old:
            holder = way.as_holder()
        limit = limit_of(here)
        if limit is not None and holds(here, chain[place + 1 :], new):
            return Route(way.text, chain[-1], (way.text, way.title), way.text, way.title, limit, here)
        if place + 1 == len(chain):
            break
        following = step(way, here, chain[place + 1])
        is_value = place + 2 == len(chain) and id(chain[-1]) in new and not gc.is_tracked(chain[-1])
        if is_old and following.form is Form.PLAIN and not way.takes_in and not is_value:
            # It may be another object after every run, in the same attribute; a new value is one of several.
            holder = following.text, following.title
        way = following
    expression, title = holder or (None, "")
    return Route(way.whole, chain[-1], way.as_holder(), expression, title, size=way.size())


def holds(here: object, below: list[object], new: Collection[int]) -> bool:
    """Whether a way that goes on with these objects ends in a limited container, or in what it took in recently.

    What grows inside of one of its older elements is not limited.
    """
    if below and type(here) is CACHE and type(below[0]) is dict:
        # Its own table.
        below = below[1:]
    return not below or id(below[0]) in new
