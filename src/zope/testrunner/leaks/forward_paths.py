"""The way to an object from the modules that are close to the work: most leaks are held by what made them.

To ask for referrers means to go through the whole heap for every step of the way.  A module of the user refers to a few
hundred objects, and these can be gone through before.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import BuiltinMethodType, CellType, FunctionType, MethodType, ModuleType
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.attributes import elements_of, is_a, is_array_of_objects, module_namespace
from zope.testrunner.leaks.owners import is_users

#: Objects that are gone through, and how far from a module.
_MOST: Final = 4_000
_DEPTH: Final = 7
#: Modules of the user, if there are not too many.
_MOST_MODULES: Final = 100
#: What refers to more is a container of data, through which no way is looked for, only to what is in it.
_LONG: Final = 500

#: What may lead on without being known to the collector.
_OF_ATOMS: Final = (dict, tuple)
_FORGOTTEN: Final = (FunctionType, CellType, staticmethod, classmethod)
_METHODS: Final = (MethodType, BuiltinMethodType)


def modules_near(paths: Collection[str]) -> list[tuple[str, dict[str, object]]]:
    """The modules that were loaded from these files and then those of the user, by name, with their variables."""
    near, users = [], []
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType and type(name) is str:
            space = module_namespace(module)
            path = space.get("__file__")
            if type(path) is not str:
                continue
            if path in paths:
                near.append((name, space))
            elif is_users(path):
                users.append((name, space))
    return [*near, *users] if len(users) <= _MOST_MODULES else near


def ways_from(
    modules: list[tuple[str, dict[str, object]]], targets: list[object], skip: Collection[int]
) -> dict[int, tuple[str, list[object]]]:
    """The shortest ways from these modules to some of the targets, by identity: the name of the module, and all objects."""
    wanted = set(map(id, targets))
    # Where each object was reached from, and its module.
    before: dict[int, tuple[object, str]] = {id(space): (None, name) for name, space in modules}
    level: list[object] = [space for _, space in modules]
    found: dict[int, tuple[str, list[object]]] = {}
    spaces = {id(module_namespace(each)) for each in list(sys.modules.values()) if type(each) is ModuleType}
    # What somebody else's method belongs to is not found by that, if there is another way.
    late: list[object] = []
    for _ in range(_DEPTH):
        following: list[object] = []
        methods: list[object] = []
        for here in level:
            name = before[id(here)][1]
            referents = gc.get_referents(here) or elements_of(here)
            is_long = len(referents) > _LONG and id(here) not in spaces
            for there in referents:
                key = id(there)
                if key in before or key in skip or (is_long and key not in wanted):
                    continue
                if key in wanted:
                    before[key] = here, name
                    found[key] = name, _chain(there, before)
                elif _leads_on(there) and key not in spaces and _belongs_to(there, name):
                    before[key] = here, name
                    (methods if type(there) in _METHODS else following).append(there)
            if len(found) == len(wanted) or len(before) > _MOST:
                return found
        level, late = following + late, methods
    return found


def _leads_on(found: object) -> bool:
    if gc.is_tracked(found) or type(found) in _OF_ATOMS or is_array_of_objects(found):
        return True
    # Without the global lock, the collector may have forgotten about classes and functions, and what belongs to them.
    return gc.FORGETS and (is_a(found, type) or any(is_a(found, kind) for kind in _FORGOTTEN))


def _belongs_to(found: object, module: str) -> bool:
    """Whether something may lead to what a module holds: no other module, nor a class of another one."""
    if is_a(found, ModuleType):
        return False
    if is_a(found, type):
        try:
            return bool(type.__dict__["__module__"].__get__(found) == module)
        except Exception:
            return False
    return True


def _chain(target: object, before: dict[int, tuple[object, str]]) -> list[object]:
    chain = [target]
    while (here := before[id(chain[-1])][0]) is not None:
        chain.append(here)
    return chain[::-1]
