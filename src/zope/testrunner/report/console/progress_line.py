"""Fitting the name of the test that is running into one line of a terminal."""

from __future__ import annotations


def counter(number: int, total: int) -> str:
    """How far a lap has come: ``    3/12 (25.0%)``."""
    percentage = number * 100 / total if total else 100.0
    return f"    {number}/{total} ({percentage:.1f}%)"


def wipe(width: int) -> str:
    """What overwrites ``width`` columns with blanks and goes back to the first one."""
    return "\r" + " " * width + "\r"


def short_description(text: str, room: int) -> str:
    """A blank and ``text``, in at most ``room`` columns; what is least telling is cut.

    Of ``method (module.Class.method)`` that is the beginning of what stands in parentheses, unless not even the method fits;
    of anything else, such as the path of a file, its beginning.
    """
    room -= 1
    if len(text) > room:
        end_of_name = text.find(" (")
        if end_of_name < 0:
            text = "... " + _last(text, room - 4)
        else:
            left = room - (end_of_name + 5)
            if left < 1:
                text = text[: room - 3] + "..." if room >= 3 else text
            else:
                text = text[: end_of_name + 2] + "..." + _last(text, left)
    return " " + text[: max(room, 0)]


def _last(text: str, length: int) -> str:
    return text[-length:] if length > 0 else ""
