"""What is to be known of settlers that were left out: told by the process that noticed, and once in a run."""

from __future__ import annotations

from collections.abc import Callable

from zope.testrunner.core.events import Emit, Event, Importance, Notice
from zope.testrunner.leaks.settlers import news


def tell_news(emit: Emit, clock: Callable[[], float], worker: int) -> None:
    """Tell what there is to tell by now."""
    for text in news():
        emit(Notice(clock(), worker, Importance.SUBOPTIMAL, text))


def once_per_run(emit: Emit) -> Emit:
    """Tell each such notice once: every child process notices the same."""
    told: set[str] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Notice) and event.importance is Importance.SUBOPTIMAL:
            if event.text in told:
                return
            told.add(event.text)
        emit(event)

    return tell
