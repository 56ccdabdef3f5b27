"""What is said of a finding, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zope.testrunner.leaks.finding import Explanation, Finding, Place
from zope.testrunner.leaks.owners import below_packages
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.verdict import THRESHOLDS
from zope.testrunner.system.originals import os

#: What the trackers count, for one and for more.
_WORDS: Final = {
    "refcounts": ("reference", "references"),
    "blocks": ("memory block", "memory blocks"),
    "objects": ("gc object", "gc objects"),
    "references": ("reference to new objects", "references to new objects"),
    "descriptors": ("descriptor", "descriptors"),
    "threads": ("thread", "threads"),
    "heap": ("on the C heap", "on the C heap"),
}

#: What a counter did that grew.
_LIMITED: Final = (Growth.ONE_TIME, Growth.BOUNDED, Growth.LEAK, Growth.REFERENCES)

#: Characters of a list of types, and of any line; and of the end of one that is cut.
_WIDTH: Final = 110
_LONGEST: Final = 180
_TAIL: Final = 70


def describe(finding: Finding, label: str) -> tuple[str, ...]:
    """A finding in words, a line each; ``label`` names the work.  Empty if there is nothing to tell."""
    if not finding.is_leak:
        if finding.growth is Growth.STABLE:
            return ()
        reason = f": {finding.why}" if finding.why else ""
        first = f"{finding.growth.value.capitalize()} in {label}{reason}"
        return tuple(map(_one_line, [first, *_amounts(finding), *_explained(finding.explanation)]))
    kind = "Leak" if finding.growth is Growth.LEAK else "Growing references"
    grown = _told(finding)
    growth = ", ".join(map(_growth, grown))
    judged = max(len(verdict.deltas) for verdict in grown)
    after = f" after {finding.runs - judged} warm-up"
    if finding.again:
        after += f", {finding.again} more when looking for what holds it"
    # What grows in place takes more than it needs, so that some runs fit into that.
    rose = max(sum(delta >= THRESHOLDS.get(verdict.tracker, 1) for delta in verdict.deltas) for verdict in grown)
    lines = [
        f"{kind} in {label}",
        f"  {'every run' if rose == judged else 'on average'}: {growth}  ({rose} of {judged} runs{after})",
    ]
    if finding.like is not None:
        return tuple(map(_one_line, [*lines, f"  like others that were explained before: {finding.like}"]))
    return tuple(map(_one_line, [*lines, *_explained(finding.explanation)]))


def _amounts(finding: Finding) -> list[str]:
    """By how much it grew in all, and in which runs, where that was no leak."""
    rows = []
    last = 0
    for verdict in finding.verdicts:
        if verdict.tracker != "references" and verdict.growth in _LIMITED and (total := sum(verdict.deltas)) > 0:
            rows.append(_growth(verdict._replace(per_run=total)))
            last = max(last, *(run for run, delta in enumerate(verdict.deltas, 1) if delta > 0))
            judged = len(verdict.deltas)
    if not rows:
        return []
    rest = f", none after run {last}" if last < judged else ""
    return [f"  in {judged} run{'s' if judged > 1 else ''} together: {', '.join(rows)}{rest}"]


def _explained(known: Explanation | None) -> list[str]:
    """What is known about the objects and what holds them."""
    if known is None:
        return []
    lines = []
    if known.new:
        lines.append("  new each run: " + _some([f"{row.per_run} {row.title}" for row in known.new]))
        lines.append(f"  for example: {known.new[0].example}")
    for row in known.counted[:2]:
        which = f"{row.expression}, " if row.expression else ""
        more = f"{row.per_run} more reference{'s' if row.per_run > 1 else ''}"
        lines.append(f"  {more} every run to {which}{_article(row.title)} {row.title}: {row.text}")
    lines += [f"  new by name: {name}" for name in known.named]
    for place in known.places[:2]:
        lines.append(f"  allocated at {short_path(place.path)}:{place.line}")
        if place.source:
            lines.append(f"      {place.source}")
        lines += _callers(place)
    for holder in known.holders[:2]:
        grew = f" that grew from {holder.before} to {holder.after}" if holder.after is not None else ""
        lines.append(f"  kept alive by {holder.expression}, {_article(holder.title)} {holder.title}{grew}")
    if known.route is not None and known.route not in {holder.expression for holder in known.holders}:
        lines.append(f"  one of them is {known.route}")
    if known.why:
        lines.append(f"  {known.why}")
    return lines


def _some(words: list[str]) -> str:
    """As many of these as there is room for on a line."""
    length = 0
    for shown, word in enumerate(words):
        length += len(word) + 2
        if length > _WIDTH and shown:
            return ", ".join([*words[:shown], "…"])
    return ", ".join(words)


def _callers(place: Place) -> list[str]:
    """What else is known of how a place comes to allocate."""
    caller = place.caller
    if place.inside is not None:
        library = f"{below_packages(place.inside.path)}:{place.inside.line}"
        called = f", called from {short_path(caller.path)}:{caller.line}" if caller is not None else ""
        return [f"      by {library}{called}"]
    if caller is None:
        return []
    return [f"  called from {short_path(caller.path)}:{caller.line}", *([f"      {caller.source}"] if caller.source else [])]


def deltas(finding: Finding, runs: int | None = None) -> str:
    """What every judged run added, by counter: ``leaked references: [2, 2, 2, 2], memory blocks: [1, 1, 1, 1]``.

    With ``runs``, of the first so many of them: the others confirm.
    """
    columns = []
    for verdict in _told(finding):
        unit = "bytes " if verdict.unit is Unit.BYTES else ""
        more = _WORDS.get(verdict.tracker, (verdict.tracker, verdict.tracker))[1]
        columns.append(f"{unit}{more}: {list(verdict.deltas[:runs])}")
    return f"leaked {', '.join(columns)}"


def _told(finding: Finding) -> Sequence[Verdict]:
    """The verdicts on what leaks; references to new objects say no more than the objects, if these are seen."""
    return [verdict for verdict in finding.grown if verdict.tracker != "references"] or finding.grown


def _growth(verdict: Verdict) -> str:
    one, more = _WORDS.get(verdict.tracker, (verdict.tracker, verdict.tracker))
    unit = "bytes " if verdict.unit is Unit.BYTES else ""
    return f"+{verdict.per_run:,} {unit}{one if verdict.per_run == 1 else more}"


def _article(title: str) -> str:
    return "an" if title[:1].lower() in "aeiou" else "a"


def _one_line(text: str) -> str:
    """The text with escapes for line ends and control characters, which an object's own text may contain.

    No longer than a line: what is cut is in the middle, as a path ends in the number of the line, and an expression in what
    it leads to.
    """
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - _TAIL - 1]}…{line[-_TAIL:]}"


def short_path(path: str) -> str:
    """A path as people write it: relative to the current directory if it is below that."""
    try:
        relative = os.path.relpath(path) if os.path.isabs(path) else path
    except OSError:
        # The current directory is gone.
        return path
    return path if relative.startswith("..") else relative
