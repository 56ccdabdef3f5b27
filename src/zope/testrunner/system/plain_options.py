"""Reads a command line of plain options without the parser of `argparse`, which takes a tenth of a short run to make.

`read` does what the parser would do, or nothing: whatever is not plain, wrong words included, is the parser's to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How an option is spelled, and what ``ArgumentParser.add_argument`` is told about it.
Row = tuple[tuple[str, ...], Mapping[str, "Any"]]


def read(rows: Iterable[Row], words: Sequence[str], given: Mapping[str, object]) -> dict[str, object] | None:
    """The values by name that a parser with these options finds in ``words``; None if it takes the parser to tell.

    ``given`` are values from before, in place of defaults.
    """
    found: dict[str, Any] = dict(given)
    options: dict[str, Mapping[str, Any]] = {}
    by_default: dict[str, Mapping[str, Any]] = {}
    for flags, settings in rows:
        for flag in flags:
            options[flag] = settings
        name = settings["dest"]
        if name not in found:
            found[name] = default = _default(settings)
            if isinstance(default, str) and "type" in settings:
                by_default[name] = settings
    try:
        for settings, value in _matched(options, words):
            by_default.pop(settings["dest"], None)
            _ACTIONS[settings.get("action", "store")](found, settings, value)
        # A default that is a text is a word like those of the command line.
        for name, settings in by_default.items():
            found[name] = settings["type"](settings["default"])
    except Exception:
        # Words that are not plain, and values that an option does not take.
        return None
    return found


def _default(settings: Mapping[str, Any]) -> object:
    if "default" in settings:
        return settings["default"]
    return {"store_true": False, "store_false": True}.get(settings.get("action", "store"))


class _NotPlain(Exception):
    """Only the parser can tell what this word means."""


def _matched(
    options: Mapping[str, Mapping[str, Any]], words: Sequence[str]
) -> Iterable[tuple[Mapping[str, Any], str | None]]:
    """What each option is told, with the value that belongs to it."""
    rest = iter(words)
    for word in rest:
        settings = options.get(word)
        value: str | None = None
        if settings is None and word.startswith("--"):
            flag, sign, value = word.partition("=")
            settings = options[flag] if sign else None
            if settings is None or not _takes_value(settings):
                raise _NotPlain(word)
        elif settings is None:
            yield from _bundled(options, word, rest)
            continue
        elif _takes_value(settings):
            value = next(rest, "")
        yield settings, value if value is None else _plain(value)


def _bundled(
    options: Mapping[str, Mapping[str, Any]], word: str, rest: Iterable[str]
) -> Iterable[tuple[Mapping[str, Any], str | None]]:
    """Short options in one word, such as ``-vvp``, of which the last may have its value there, as in ``-N4``."""
    if not word.startswith("-") or len(word) == 1 or word[1].isdigit() or "=" in word or " " in word:
        raise _NotPlain(word)
    for place in range(1, len(word)):
        settings = options[f"-{word[place]}"]
        if _takes_value(settings):
            yield settings, _plain(word[place + 1 :])
            return
        yield settings, None


def _takes_value(settings: Mapping[str, Any]) -> bool:
    if "nargs" in settings:
        raise _NotPlain
    return settings.get("action", "store") in ("store", "append")


def _plain(value: str) -> str:
    """The value, if it is one beyond doubt."""
    if not value or value.startswith("-"):
        raise _NotPlain(value)
    return value


def _converted(settings: Mapping[str, Any], value: str | None) -> object:
    converted = settings["type"](value) if "type" in settings else value
    if "choices" in settings and converted not in settings["choices"]:
        raise _NotPlain(value)
    return converted


def _store(found: dict[str, Any], settings: Mapping[str, Any], value: str | None) -> None:
    found[settings["dest"]] = _converted(settings, value)


def _append(found: dict[str, Any], settings: Mapping[str, Any], value: str | None) -> None:
    # A new list each time, as a default is not to be changed.
    found[settings["dest"]] = [*(found[settings["dest"]] or ()), _converted(settings, value)]


def _count(found: dict[str, Any], settings: Mapping[str, Any], value: str | None) -> None:
    found[settings["dest"]] = (found[settings["dest"]] or 0) + 1


def _constant(found: dict[str, Any], settings: Mapping[str, Any], value: str | None) -> None:
    found[settings["dest"]] = {"store_true": True, "store_false": False}.get(settings["action"], settings.get("const"))


_ACTIONS: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any], str | None], None]] = {
    "store": _store,
    "append": _append,
    "count": _count,
    "store_true": _constant,
    "store_false": _constant,
    "store_const": _constant,
}
