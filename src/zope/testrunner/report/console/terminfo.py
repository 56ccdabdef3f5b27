"""What the terminal can do, asked of the terminfo database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

Default = TypeVar("Default")


def tigetnum(attr: str, default: Default | None = None) -> int | Default | None:
    """A number that terminfo has about this terminal (``cols``, ``colors``, ...), or ``default``.

    It is what the terminal's description says, not the size of its window.  Without the module `curses`, without a known
    terminal or without the number the default is given.
    """
    try:
        # Imported at each call: it costs a millisecond that few runs need.
        import curses
    except ImportError:
        # So that nobody searches for it again.
        sys.modules["curses"] = None  # type: ignore[assignment]
        return default
    # `setupterm` wants the descriptor of a real file, which the standard output of a test seldom is.
    failures: tuple[type[Exception], ...] = (curses.error, TypeError, AttributeError, OSError, ValueError)
    try:
        curses.setupterm()
        return curses.tigetnum(attr)
    except failures:
        return default


def terminal_has_colors(ask: Callable[[str, int], int | None] = tigetnum) -> bool:
    """Whether the terminal has the eight colours; ``ask`` is what looks a number up, with a default."""
    number = ask("colors", -1)
    return number is not None and number >= 8
