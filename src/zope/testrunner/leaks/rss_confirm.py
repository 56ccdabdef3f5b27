"""Whether a rise of the memory of the process comes back when what caused it is done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from zope.testrunner.system.byte_sizes import in_words

#: How often work that went over a limit is done again.  Caches that fill and arenas that are not given back
#: explain one rise; a second one may be chance, a third is not.
_AGAIN: Final = 2


class Rise(NamedTuple):
    """How much some work added to the memory of the process, in bytes: at first, and whenever it was done again.

    ``is_leak`` is whether it came back each time.  ``why`` is the reason if it could not be found out.
    """

    first: int
    again: tuple[int, ...] = ()
    is_leak: bool = False
    why: str | None = None

    def line(self, label: str) -> str:
        """``LEAKED 712MB in tests.test_load``, or what else is to be told."""
        if self.is_leak:
            return f"LEAKED {in_words(self.again[-1])} in {label}"
        why = f" ({self.why})" if self.why else ", and not when it was run again"
        return f"Grew once by {in_words(self.first)} in {label}{why}"


def rise_again(first: int, limit: int, read: Callable[[], int], again: Callable[[], object]) -> Rise:
    """Find out whether a rise by more than a limit comes back when the work is done ``again``.

    ``read`` tells the memory of the process.  Exceptions of the work go through.
    """
    rises: list[int] = []
    while len(rises) < _AGAIN and (not rises or rises[-1] > limit):
        before = read()
        again()
        rises.append(read() - before)
    return Rise(first, tuple(rises), len(rises) == _AGAIN and rises[-1] > limit)
