"""What a run came to, read off its report, and whether two runs came to the same."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

_COUNTS: Final = re.compile(
    r"^(?:  Ran|Total:) (\d+) tests(?: with|,) (\d+) failures, (\d+) errors(?: and (\d+) skipped)?", re.MULTILINE
)
_LISTS: Final = re.compile(
    r"^(?:Tests with (?:failures|errors)|Test-modules with import problems):\n((?: {2,3}\S.*\n)+)", re.MULTILINE
)
_PLACE: Final = re.compile(r"^/.*/site-packages/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The numbers of a run, and the names of its problems, sorted; *status* is the exit status."""

    ran: int
    failures: int
    errors: int
    skipped: int
    problems: tuple[str, ...]
    status: int

    @property
    def numbers(self) -> str:
        """As in a table: ran / failed / errors / skipped."""
        return f"{self.ran} / {self.failures} / {self.errors} / {self.skipped}"


def outcome_of(report: str, status: int) -> Outcome | None:
    """What a report says, None if it says nothing about numbers.

    The last numbers count: where there are several layers, that is the total.
    """
    found = _COUNTS.findall(report)
    if not found:
        return None
    ran, failures, errors, skipped = (int(number or 0) for number in found[-1])
    # Documents are named by their paths, which differ from environment to environment.
    names = [_PLACE.sub("", line.strip()) for part in _LISTS.findall(report) for line in part.splitlines()]
    return Outcome(
        ran=ran, failures=failures, errors=errors, skipped=skipped, problems=tuple(sorted(names)), status=status
    )


def differences(published: Outcome | None, ours: Outcome | None, *, in_children: bool = False) -> list[str]:
    """In what two runs of the same tests differ, a line each; none if they came to the same.

    Child processes of the published runner do not count what they skip, and each names all import problems.  So skipped
    tests are left out, and each problem counts once, where tests run ``in_children``.
    """
    if published is None or ours is None:
        silent = [name for name, found in (("published", published), ("ours", ours)) if found is None]
        return [f"no numbers in the report of {' and '.join(silent)}"]
    same = ours if not in_children or published.skipped else replace(ours, skipped=0)
    lines = []
    if published.numbers != same.numbers:
        lines.append(f"{published.numbers} is published, {ours.numbers} ours")
    theirs, mine = (Counter(set(each.problems) if in_children else each.problems) for each in (published, ours))
    for who, names in (("published", theirs - mine), ("ours", mine - theirs)):
        lines += [f"only {who} has the problem {name}" for name in sorted(names.elements())]
    if published.status != ours.status:
        lines.append(f"exit status {published.status} is published, {ours.status} ours")
    return lines
