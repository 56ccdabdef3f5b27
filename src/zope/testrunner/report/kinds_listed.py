"""The names of all that leaks, those of one kind together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


def leak_list(labels: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The lines that name all that leaks; where several leaks are of one kind, each kind with its tests."""
    lines = ["Tests with leaks:"]
    by_kind: dict[str, list[str]] = {}
    for label, kind in zip_longest(labels, kinds[: len(labels)], fillvalue=""):
        by_kind.setdefault(kind, []).append(label)
    shared = [kind for kind, found in by_kind.items() if kind and len(found) > 1]
    if not shared:
        return [*lines, *(f"   {label}" for label in labels)]
    for kind in shared:
        lines += [f" {kind}: {len(by_kind[kind])} tests", *(f"   {label}" for label in by_kind[kind])]
    rest = [label for kind, found in by_kind.items() if kind not in shared for label in found]
    return [*lines, *([" each of a kind of its own:", *(f"   {label}" for label in rest)] if rest else [])]
