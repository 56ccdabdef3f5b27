"""What is to be known of settlers that were left out: emitted by the process that noticed, and once in a run."""

from __future__ import annotations

from collections.abc import Callable

from zope.testrunner.core.events import Emit, Event, Importance, Notice
from zope.testrunner.leaks.settlers import news


def emit_notices(emit: Emit, clock: Callable[[], float], worker: int) -> None:
    """Emit what is new by now."""
    for text in news():
        emit(Notice(clock(), worker, Importance.SUBOPTIMAL, text))


def once_per_run(emit: Emit) -> Emit:
    """Emit each such notice once: every child process notices the same."""
    emitted: set[str] = set()

    def emit_once(event: Event) -> None:
        if isinstance(event, Notice) and event.importance is Importance.SUBOPTIMAL:
            if event.text in emitted:
                return
            emitted.add(event.text)
        emit(event)

    return emit_once
