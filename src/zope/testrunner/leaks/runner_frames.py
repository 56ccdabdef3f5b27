"""What is new only because a kept exception or frame keeps the frames of who runs the work.

An exception that is kept has a traceback, its frames have those below them, and so on to the beginning of the program: the
test's instance and result, and what the runner has at hand.  None of that is what the user looks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import FrameType

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.attributes import is_a
from zope.testrunner.leaks.owners import is_library, is_runner, runs_tests
from zope.testrunner.system.originals import os


def of_runner_only(young: list[object], held: Iterable[object]) -> list[object]:
    """Those of the new objects that nothing but frames of the runner leads to; ``held`` are what containers took in."""
    frames: list[object] = [found for found in young if type(found) is FrameType and _runs_the_work(found)]
    if not frames:
        return []
    new = set(map(id, young))
    barred = set(map(id, frames))
    kept = [found for found in young if is_a(found, BaseException)]
    wanted = _reached([*(each for each in held if id(each) in new), *kept], new, barred)
    apart = _reached(frames, new, wanted)
    return [found for found in young if id(found) in apart]


def _runs_the_work(frame: FrameType) -> bool:
    """Whether it is of what runs tests: this package, unittest, pytest and their like."""
    path = frame.f_code.co_filename
    if is_runner(path) or runs_tests(path):
        return True
    return is_library(path) and f"{os.sep}unittest{os.sep}" in path


def _reached(starts: list[object], new: Collection[int], barred: Collection[int]) -> set[int]:
    """The identities of the new objects that these lead to, themselves included, not through any that is barred."""
    level = [found for found in starts if id(found) not in barred]
    reached = set(map(id, level))
    while level:
        following = []
        for there in gc.get_referents(*level):
            key = id(there)
            if key in new and key not in reached and key not in barred:
                reached.add(key)
                following.append(there)
        level = following
    return reached
