"""Hiding from the collector what is alive, while work is done again, and showing it afterwards."""

from __future__ import annotations

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.cursors import Databases
from zope.testrunner.leaks.settle import empty_caches, frozen_by_others, settle
from zope.testrunner.leaks.survivors import Survivors


class HiddenHeap:
    """What is hidden from the collector (``gc.freeze``): by a hunt, or by the work itself.

    ``wanted`` is whether anything is to be hidden; where somebody had done so before, nothing is, as nobody could hide again
    just what they had hidden.
    """

    def __init__(self, survivors: Survivors, databases: Databases, *, wanted: bool) -> None:
        self.can_hide = wanted and gc.CAN_FREEZE and not frozen_by_others()
        #: Whether all that was alive after the first run is hidden now.
        self.is_hidden = False
        #: Whether there may be garbage that no automatic collection has found.
        self.is_to_be_collected = False
        # Whether objects were hidden by the work itself, or before it, and whether these have to be hidden again.
        self._is_theirs = self._was_theirs = False
        # Told apart by which side of the freeze they are on.
        self._canaries: list[list[None]] = [[], []]
        self._survivors = survivors
        self._databases = databases
        # Whether what was made between two pieces of work may be anything, and not only what the last one made.
        self._is_anew = True

    def thaw(self) -> None:
        """Show all objects, and collect what became garbage while they were hidden."""
        self._is_anew = True
        self.show()
        if self.is_to_be_collected:
            self.collect()

    def collect(self) -> None:
        """Collect everything."""
        self.is_to_be_collected = False
        gc.collect()

    def show(self) -> None:
        """Show what was hidden, but for what the work had hidden before."""
        if self.is_hidden:
            self.is_hidden = False
            gc.unfreeze()
        if self._is_theirs:
            if self._was_theirs:
                gc.freeze()
            self._is_theirs = self._was_theirs = False

    def is_about_to_be_shown(self) -> None:
        """Somebody else is going to show everything, after which what the work has hidden is to be hidden again."""
        self._was_theirs = self._is_theirs

    def hide(self) -> bool:
        """Settle, and hide everything that is alive after the first run from the collector; False if that cannot be done.

        Between later runs of the same work, this must not happen.
        """
        if not self.can_hide or self._is_theirs:
            return False
        empty_caches()
        if self._survivors.are_taken:
            # Some were in caches, or belonged to what has been done with the work since.
            gc.collect(1)
            self._survivors.let_go_of_abandoned()
        else:
            self._survivors.take()
        self._survivors.look()
        self._canaries[0] = []
        self._databases.note(anew=self._is_anew)
        self._is_anew = False
        self._freeze()
        self.is_to_be_collected = True
        return True

    def hide_again(self) -> None:
        """Go on where the hunt was before somebody else has shown all."""
        settle()
        self._canaries[0] = []
        self._freeze()

    def _freeze(self) -> None:
        gc.freeze()
        self.is_hidden = True
        self._canaries[1] = []

    def has_been_changed(self, done: int) -> bool:
        """Undo what the work did to the hidden heap in the last of so many runs; whether everything is seen since then.

        What is hidden after the first run is nobody's business here.  If a later one hides more, its garbage could not be
        collected.
        """
        if self.is_hidden:
            old, new = map(id, self._canaries)
            visible = list(map(id, gc.get_objects()))
            if old in visible or new not in visible:
                self._survivors.let_go()
                gc.unfreeze()
                self.is_hidden = False
                return True
        elif done == 1:
            self._is_theirs = frozen_by_others()
            if self._is_theirs:
                self._canaries[1] = []
        elif not self._is_theirs:
            if frozen_by_others():
                gc.unfreeze()
        elif id(self._canaries[1]) not in set(map(id, gc.get_objects())):
            gc.unfreeze()
            self._was_theirs = True
        return False
