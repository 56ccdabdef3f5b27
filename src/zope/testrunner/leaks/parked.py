"""Whether the other threads of this process are where they wait for work, so that counters can be compared.

A server answers before it is done with a request, and a consumer of a queue takes its time.  What they make meanwhile is
there in one reading and gone in the next.
"""

from __future__ import annotations

import _thread
import sys
from array import array
from typing import Final

from zope.testrunner.system.originals import time

#: Seconds for a thread that was told of something to begin with it: a tenth of a millisecond, but for a busy machine.
_NUDGE: Final = 0.001
_SHORT_NUDGE: Final = 0.0002
#: A thread that worked for so many seconds for an earlier run, and not at all for this one, is yet to begin; and for how
#: long that is believed.
_TALKED_TO: Final = 0.00004
_BUSY_MACHINE: Final = 0.05
#: Seconds between two looks.
_STEP: Final = 0.001
#: Threads that were not seen waiting before wait if none of them has moved for so many seconds: neither is one at another
#: place, nor have they worked for so long between two looks, as one that comes round to the same place.
_STILL: Final = 0.02
_WORKED: Final = 0.00002
#: The longest time to wait in seconds, and the shortest, where they never do.
_LONGEST: Final = 0.25
_SHORTEST: Final = 0.003

#: Seconds to wait, once per run, for threads of the work to end.  A thread that is told to stop takes milliseconds.
_PATIENCE: Final = 0.05


class Others:
    """The other threads, and where they were when they last were seen waiting.

    It keeps numbers in arrays, no objects that a reading would find.
    """

    def __init__(self) -> None:
        self._known = array("q", [0])
        # Patience; the seconds that other threads had worked when the run began; and how long they did for a run, at most.
        self._seconds = array("d", [_LONGEST, 0, 0])

    def begin(self, *, first: bool = False) -> None:
        """Take note that the work begins, for the ``first`` time or again."""
        if _thread._count():
            now = time.process_time() - time.thread_time()
            self._seconds[2] = 0 if first else max(self._seconds[2], now - self._seconds[1])
            self._seconds[1] = now

    def wait(self, *, first: bool = False) -> bool:
        """Wait until all other threads are where they wait for work, for a while; False if they do not come to rest.

        After the ``first`` run, one may have been told of something without having begun with it, which does not matter.
        """
        if not _thread._count():
            return True
        time.sleep(_SHORT_NUDGE if first else _NUDGE)
        if not first and self._seconds[2] > _TALKED_TO:
            self._wait_for_a_beginning()
        places = _places()
        if places == self._known[0]:
            return True
        now = moved = time.monotonic()
        end = now + self._seconds[0]
        worked = time.process_time() - time.thread_time()
        while now < end:
            time.sleep(_STEP)
            now = time.monotonic()
            before, places = places, _places()
            if places == self._known[0]:
                return True
            worked_before, worked = worked, time.process_time() - time.thread_time()
            if places != before or worked - worked_before > _WORKED:
                moved = now
            elif now - moved >= _STILL:
                self._known[0] = places
                return True
        # Threads that never rest would not for the next reading either.
        self._seconds[0] = max(_SHORTEST, self._seconds[0] / 2)
        return False

    def _wait_for_a_beginning(self) -> None:
        """Wait until some other thread has worked since the run began, on a machine that may have others to run."""
        end = time.monotonic() + _BUSY_MACHINE
        while time.process_time() - time.thread_time() - self._seconds[1] < _WORKED and time.monotonic() < end:
            time.sleep(_STEP)


def _places() -> int:
    """A number that is another one when a thread is at another place in its code, or there are others."""
    mine = _thread.get_ident()
    return hash(
        tuple(
            sorted(
                (ident, id(frame.f_code), frame.f_lasti)
                for ident, frame in sys._current_frames().items()
                if ident != mine
            )
        )
    )


def wait_for_threads(wanted: int) -> None:
    """Wait for threads of the work to end, until no more are alive than that."""
    if _thread._count() <= wanted:
        return
    end = time.monotonic() + _PATIENCE
    while _thread._count() > wanted and time.monotonic() < end:
        time.sleep(0.001)
