"""Numbers of bytes as people write and read them: ``10MB``."""

from __future__ import annotations

#: Units of sizes, in bytes; decimal ones by the SI, binary ones by IEC 80000-13.
_UNITS = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30,
}  # fmt: skip


def bytes_of(text: str) -> int:
    """A number of bytes, such as ``10MB`` or ``1.5 GiB``.

    Raises ValueError, saying what can be written, for anything else.
    """
    number = text.rstrip("BbIiKkMmGg ").strip()
    unit = text.strip()[len(number) :].strip().upper()
    try:
        size = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        size = -1.0
    if not 0 < size < 2**62:
        units = "the units are B, kB, MB, GB, KiB, MiB and GiB"
        raise ValueError(f"{text!r} is not a size such as 10MB; {units}")
    return int(size)


def in_words(size: int) -> str:
    """A number of bytes for people: ``712MB``, ``12.4MB``, ``830.0kB``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if abs(size) >= factor:
            value = size / factor
            return f"{value:.0f}{unit}" if abs(value) >= 100 else f"{value:.1f}{unit}"
    return f"{size}B"
