"""Why an object is alive: the way to it from a module, a class, a thread or a frame, as Python would write it.

`route_to` searches breadth first over the referrers, so that the way is the shortest one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextvars import Context
from itertools import compress
from types import (
    FrameType,
    ModuleType,
)
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.attributes import is_a, module_namespace, own_namespace
from zope.testrunner.leaks.context_variables import found_in_contexts
from zope.testrunner.leaks.expressions import MARK, Route, express
from zope.testrunner.leaks.forward_paths import modules_near, ways_from
from zope.testrunner.leaks.trackers.refcounts import type_title
from zope.testrunner.system.originals import os, time

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
#: What does the work may be a module beside this package, whose local variables tell nobody anything.
_ROUND_ABOUT: Final = os.path.dirname(os.path.dirname(_HERE)) + os.sep


#: Referrers of this many objects are asked for at once.  Each object of the heap is compared with all of
#: them.
_BATCH: Final = 100

#: So many objects at one distance are few enough to ask for referrers at once, before modules are asked for these.
_NARROW: Final = 10

#: How far from the object a root is looked for, and among how many objects at one distance.
_DEPTH: Final = 14
_WIDTH: Final = 2_000


def route_to(
    targets: list[object], new: Collection[int], mine: set[int], end: float, files: Collection[str] = ()
) -> Route | None:
    """The shortest way to any of these objects from where Python code could begin, or None if there is none to be found.

    ``new`` are the identities of the new objects, ``mine`` those of everything that the search must not pass
    through.  The search ends at the moment ``end`` of the monotonic clock.
    """
    if len(targets) == 1:
        return routes_to(targets, new, mine, end, files)[0]
    found = _search([targets], mine, end)[0]
    return None if found is None else express(*found, new)


def routes_to(
    targets: list[object], new: Collection[int], mine: set[int], end: float, files: Collection[str] = ()
) -> list[Route | None]:
    """The shortest way to each of these objects, or None; all together take little longer than one.

    Modules from these ``files``, and those of the user, are looked into first; if there is a way to the first object then,
    no others are looked for in the whole heap.
    """
    ways = [_again(target) for target in targets]
    if files and None in ways:
        missing = [target for target, way in zip(targets, ways, strict=True) if way is None]
        near = ways_from(modules_near(files), missing, mine)
        modules = _by_name()
        ways = [way or _by_best_name(near.get(id(target)), modules) for target, way in zip(targets, ways, strict=True)]
        mine = mine.union((id(missing), id(near), id(modules)), map(id, near.values()), map(id, modules))
    first = ways[0] if ways and files else None
    is_enough = first is not None and express(*first, new).bound is None
    unknown = [] if is_enough else [[target] for target, way in zip(targets, ways, strict=True) if way is None]
    if unknown:
        chains = {id(way[1]) for way in ways if way is not None}
        found = iter(_search(unknown, mine | chains | {id(targets), id(ways), *map(id, ways)}, end))
        ways = [way or next(found) for way in ways]
    for way in ways:
        if way is not None:
            _remember(*way)
    return [None if way is None else express(*way, new) for way in ways]


def _by_best_name(
    way: tuple[str, list[object]] | None, modules: list[tuple[str, ModuleType]]
) -> tuple[str, list[object]] | None:
    """The same way from the module that everybody uses: a variable may be in several, and what is on the way in another."""
    if way is None or len(way[1]) == 1:
        return way
    places = {id(each): place for place, each in enumerate(way[1]) if place}
    best, chosen = 1, way
    for name, module in modules:
        space = module_namespace(module)
        if best == 1 and space is way[1][0]:
            # No other name is better for its own variable.
            del places[id(way[1][1])]
            best = 2
        if places.keys().isdisjoint(map(id, space.values())):
            continue
        place = max(places.get(id(each), 0) for each in list(space.values()))
        if place >= best:
            best, chosen = place + 1, (name, [space, *way[1][place:]])
    return chosen


def route_through(holder: object, targets: list[object], new: Collection[int]) -> Route | None:
    """The shortest way to any of these new objects through new ones from a container that `route_to` has led to.

    None if there is none, or none is known to the container.  It looks at what is new, and not at the whole heap.
    """
    found = _again(holder)
    if found is None:
        return None
    start, chain = found
    wanted = set(map(id, targets))
    before: dict[int, object] = {id(holder): None}
    level = [holder]
    for _ in range(_DEPTH):
        following: list[object] = []
        for here in level:
            for there in gc.get_referents(here):
                if id(there) not in new or id(there) in before:
                    continue
                before[id(there)] = here
                following.append(there)
                if id(there) in wanted:
                    below: list[object] = []
                    step: object = there
                    while step is not holder:
                        below.append(step)
                        step = before[id(step)]
                    return express(start, [*chain, *reversed(below)], new)
        level = following
    return None


#: Ways that were found, by the identity of where they lead: the name of the root, where to find it if it is a class, and
#: the identities of all objects on the way.  Many tests leak into the same few containers.
_found: dict[int, tuple[str, tuple[str, str] | None, tuple[int, ...]]] = {}
_MOST_FOUND: Final = 500
#: So many of them, the last ones, are tried when there is another leak.
MOST_HOLDERS: Final = 16


def known_holders() -> list[object]:
    """The objects that the last ways led to, as far as these still lead to them."""
    chains = [_gone_again(*way) for way in list(_found.values())[-MOST_HOLDERS:]]
    return [chain[-1] for chain in chains if chain is not None]


def leads_to_all(holders: list[object], targets: list[object], new: Collection[int]) -> bool:
    """Whether there are ways through new objects from these holders to all of these new objects."""
    wanted = set(map(id, targets))
    seen: set[int] = set()
    level = holders
    while level and wanted:
        # A container may have thousands of elements, and few are new.
        held = gc.get_referents(*level)
        fresh = {id(there): there for there in compress(held, map(new.__contains__, map(id, held)))}
        level = [there for key, there in fresh.items() if key not in seen]
        seen.update(fresh)
        wanted -= seen
    return not wanted


def _remember(start: str, chain: list[object]) -> None:
    root = chain[0]
    if root is None:
        return
    if len(_found) >= _MOST_FOUND:
        _found.clear()
    where = (root.__module__, root.__qualname__) if is_a(root, type) else None
    _found[id(chain[-1])] = start, where, tuple(map(id, chain))


def _again(target: object) -> tuple[str, list[object]] | None:
    """The way to this object that was found before, if it still leads there; None if there is none.

    Identities tell nothing about objects that may be gone, so the way is gone again from its root, object by object.
    """
    known = _found.get(id(target))
    if known is None:
        return None
    chain = _gone_again(*known)
    if chain is not None and chain[-1] is target:
        return known[0], chain
    del _found[id(target)]
    return None


def _gone_again(start: str, where: tuple[str, str] | None, places: tuple[int, ...]) -> list[object] | None:
    """All objects on a way that was found before, if it still exists."""
    here = _namespace_called(start) if where is None else _class_called(*where)
    if id(here) != places[0]:
        return None
    chain = [here]
    for place in places[1:]:
        there = next((each for each in gc.get_referents(here) if id(each) == place), None)
        if there is None:
            # To put a way into words may have made a dictionary of attributes between an object and what it refers to.
            there = next((each for each in gc.get_referents(own_namespace(here)) if id(each) == place), None)
        if there is None:
            return None
        chain.append(there)
        here = there
    return chain


def _namespace_called(name: str) -> object:
    module: object = sys.modules.get(name)
    return module_namespace(module) if is_a(module, ModuleType) else None


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        if issubclass(type(module), ModuleType) and type(name) is str:
            yield name, module


def _by_name() -> list[tuple[str, ModuleType]]:
    """All modules: of several names of a variable, the one in a package that everybody uses tells most, and comes first."""
    return sorted(_modules(), key=lambda row: (row[0].startswith("_"), "._" in row[0], row[0].count(".")))


class _Search:
    """One of some searches that go on together: what it has reached, and from where each object leads on to a target."""

    def __init__(self, targets: list[object]) -> None:
        self.reached: list[object] = list(targets)
        self.towards: list[int] = [-1] * len(targets)
        self.seen = set(map(id, targets))
        #: Where in `reached` each object is that was reached last, by identity.
        self.level: dict[int, int] = {}
        #: The name of a root, which is what was reached last.
        self.root: str | None = None
        self._first = 0

    def advance(self) -> list[object]:
        """What is to be asked for its referrers next."""
        level = self.reached[self._first : self._first + _WIDTH]
        self.level = {id(found): self._first + offset for offset, found in enumerate(level)}
        self._first = len(self.reached)
        return level

    def take(self, referrer: object, referents: list[int], root: str | None) -> None:
        """A referrer of some of what was reached last; ``root`` is its name if Python code could begin there."""
        place = next((self.level[each] for each in referents if each in self.level), None)
        if self.root is None and place is not None and id(referrer) not in self.seen:
            self.seen.add(id(referrer))
            self.reached.append(referrer)
            self.towards.append(place)
            self.root = root

    def result(self) -> tuple[str, list[object]] | None:
        """The name of a root, and the objects from there to a target, once all searches are over."""
        if self.root is None:
            return _in_frames(self.reached, self.towards) or _in_contexts(self.reached, self.towards)
        return self.root, _chain(len(self.reached) - 1, self.reached, self.towards)

    def own(self) -> set[int]:
        """Identities of what it is made of."""
        return {id(self.reached), id(self.towards), id(self.level), id(self.seen)}


def _search(targets: list[list[object]], mine: set[int], end: float) -> list[tuple[str, list[object]] | None]:
    """For each of these lists the name of a root, and the objects from there to one of its targets.

    All are searched for together, since to ask for referrers takes about as long for some objects as for one: the heap is
    gone through every time.
    """
    modules = _by_name()
    namespaces = {id(space := module_namespace(module)): (name, space) for name, module in modules}
    del modules
    searches = [_Search(each) for each in targets]
    skip = mine | {id(targets), id(searches), id(namespaces), *map(id, targets)}
    for search in searches:
        skip |= search.own()
    _search_in_levels(searches, namespaces, skip, end)
    return [search.result() for search in searches]


def _search_in_levels(
    searches: list[_Search], namespaces: Mapping[int, tuple[str, dict[str, object]]], skip: set[int], end: float
) -> None:
    active = searches
    for _ in range(_DEPTH):
        level: dict[int, object] = {}
        for search in active:
            level.update((id(found), found) for found in search.advance())
        active = [search for search in active if search.level]
        skip |= {id(level), id(active)}
        if len(level) > _NARROW or gc.FORGETS:
            _ask_modules(active, namespaces, level)
            level = {key: found for key, found in level.items() if _is_wanted(key, active)}
            skip.add(id(level))
        wanted = list(level.values())
        skip.add(id(wanted))
        for begin in range(0, len(wanted), _BATCH):
            if time.monotonic() > end:
                return
            batch = [each for each in wanted[begin : begin + _BATCH] if _is_wanted(id(each), active)]
            if not batch:
                continue
            skip.add(id(batch))
            _ask_for_referrers(batch, active, namespaces, level, skip)
            # What a later level would find again.
            del batch
        del level, wanted
        active = [search for search in active if search.root is None]
        if not active:
            return


def _ask_for_referrers(
    batch: list[object],
    searches: list[_Search],
    namespaces: Mapping[int, tuple[str, dict[str, object]]],
    level: Mapping[int, object],
    skip: set[int],
) -> None:
    referrers = gc.get_referrers(MARK, *batch)
    skip.add(id(referrers))
    for referrer in referrers:
        if id(referrer) in skip or _is_of_the_search(referrer):
            continue
        referents = [key for each in gc.get_referents(referrer) if (key := id(each)) in level]
        if referents:
            known = namespaces.get(id(referrer))
            root = known[0] if known is not None else _importable_class(referrer)
            if root is not None:
                # There may be better names for it.
                _ask_modules(searches, namespaces, level)
            for search in searches:
                search.take(referrer, referents, root)


def _is_wanted(key: int, searches: list[_Search]) -> bool:
    """Whether one of the searches that go on has reached this object last."""
    return any(search.root is None and key in search.level for search in searches)


def _ask_modules(
    searches: list[_Search], namespaces: Mapping[int, tuple[str, dict[str, object]]], level: Mapping[int, object]
) -> None:
    """End the searches that have reached a variable of a module: where many objects were reached, this is much faster."""
    for name, namespace in namespaces.values():
        if not level.keys().isdisjoint(map(id, namespace.values())):
            referents = [key for each in list(namespace.values()) if (key := id(each)) in level]
            for search in searches:
                search.take(namespace, referents, name)


def _is_of_the_search(found: object) -> bool:
    """Whether this is a frame of ours, or the tuple of arguments that 3.13 finds among the referrers."""
    if type(found) is FrameType:
        return found.f_code.co_filename.startswith(_HERE)
    return type(found) is tuple and len(found) > 1 and found[0] is MARK


def _importable_class(found: object) -> str | None:
    """The name of a class that can be reached by this name."""
    if not is_a(found, type):
        return None
    try:
        here = _class_called(found.__module__, found.__qualname__)
    except Exception:
        return None
    return type_title(found) if here is found else None


def _class_called(module: str, path: str) -> object:
    """What is there now under the name of a class, None if nothing is."""
    try:
        here: object = sys.modules[module]
        for name in path.split("."):
            here = getattr(here, name)
    except Exception:
        return None
    return here


def _chain(place: int, reached: list[object], towards: list[int]) -> list[object]:
    chain = []
    while place >= 0:
        chain.append(reached[place])
        place = towards[place]
    return chain


def _in_frames(reached: list[object], towards: list[int]) -> tuple[str, list[object]] | None:
    """The same, beginning at a local variable of a running function: nothing of Python refers to those."""
    places: dict[int, int] = {}
    for place, found in enumerate(reached):
        places.setdefault(id(found), place)
    for thread, top in sys._current_frames().items():
        frame: FrameType | None = top
        while frame is not None:
            if not frame.f_code.co_filename.startswith(_ROUND_ABOUT):
                for name, value in list(frame.f_locals.items()):
                    if id(value) in places and name != "__builtins__":
                        where = f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}()"
                        start = f"<local {name!r} of {where} in {_thread_name(thread)}>"
                        return start, [None, *_chain(places[id(value)], reached, towards)]
            frame = frame.f_back
    return None


def _in_contexts(reached: list[object], towards: list[int]) -> tuple[str, list[object]] | None:
    """The same, beginning at a context variable: nothing of Python refers to the context that a thread is in."""
    places: dict[int, int] = {}
    for place, found in enumerate(reached):
        places.setdefault(id(found), place)
    contexts = [found for found in reached if type(found) is Context]
    for start, value in found_in_contexts(places, contexts):
        return start, [None, *_chain(places[id(value)], reached, towards)]
    return None


def _thread_name(ident: int) -> str:
    # Nobody has given a name to a thread where this module is not loaded, and to load it would change what tests see.
    threading = sys.modules.get("threading")
    known: dict[int, str] = {thread.ident: thread.name for thread in threading.enumerate()} if threading is not None else {}
    return known.get(ident, f"thread {ident}")
