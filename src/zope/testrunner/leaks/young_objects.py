"""Which objects are young on a hidden heap after the first two runs, and how many of them are replaced by each."""

from __future__ import annotations

from array import array
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc

#: So many are told apart at most.
_MOST: Final = 4096


class YoungObjects:
    """What was young after the first two runs that are measured; it keeps numbers in arrays, no objects."""

    def __init__(self) -> None:
        # All of them as one number, after either run.
        self._marks = array("q", [0, 0])
        # How many there were after the first one and which, then how many new ones there were after the second.
        self._known = array("Q", [0] * _MOST)

    def forget(self) -> None:
        """Other work is next."""
        self._marks[0] = self._marks[1] = 0
        self._known[0] = 0

    def note(self, run: int, *, hidden: bool) -> None:
        """Note those after run 1 or 2; ``hidden`` is whether older ones are."""
        young = list(map(id, gc.get_objects()))
        self._marks[run - 1] = hash(frozenset(young))
        if not hidden:
            return
        if run == 1:
            self._known[0] = 0
            if len(young) < _MOST:
                self._known[0] = len(young)
                self._known[1 : 1 + len(young)] = array("Q", young)
        elif self._known[0]:
            known = frozenset(self._known[1 : 1 + self._known[0]])
            self._known[0] = len(young) - sum(map(known.__contains__, young))

    @property
    def replaced(self) -> int:
        """How many objects the second run had made that were not there after the first one, 0 if that is not known."""
        return self._known[0]

    @property
    def are_others(self) -> bool:
        """Whether those after the second run are not those after the first."""
        return self._marks[0] != self._marks[1]
