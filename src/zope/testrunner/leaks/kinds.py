"""Leaks of one kind: what keeps them alive is the same container, and what allocates them the same line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from zope.testrunner.leaks.finding import Explanation, Finding
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.wording import short_path

if TYPE_CHECKING:
    from zope.testrunner.leaks.growing_containers import Holders

#: In so many runs what holds a leak is looked for, see `zope.testrunner.leaks.allocation_sites`.
RUNS: Final = 3


def kind_of(explanation: Explanation | None) -> str | None:
    """What leaks of one kind have in common, in words; None where it is not known what grows to hold them, or from where.

    It is the first container that grew, and the first line that allocates.
    """
    if explanation is None or explanation.bound is not None:
        return None
    holder = next((each for each in explanation.holders if each.after is not None), None)
    if holder is None or explanation.allocator is None:
        return None
    path, line = explanation.allocator
    return f"kept alive by {holder.expression}, allocated at {short_path(path)}:{line}"


class KnownKinds:
    """The kinds of leaks that were explained, and the containers that held them."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        # There are none before the first explanation.
        self._holders: Holders | None = None

    @property
    def are_known(self) -> bool:
        """Whether there are any."""
        return self._holders is not None

    def watch(self) -> None:
        """A leak has been explained: from now on, the sizes of what holds such leaks are of interest."""
        if self._holders is None:
            from zope.testrunner.leaks.growing_containers import Holders

            self._holders = Holders()

    def note_sizes(self) -> None:
        """Take the sizes of what held earlier leaks, to be compared with; it leaves nothing that a reading would find."""
        if self._holders is not None:
            self._holders.note()

    def grown(self) -> Sequence[object]:
        """What held earlier leaks and is larger now."""
        return self._holders.grown() if self._holders is not None else ()

    def explain_by_holders(self, work: Callable[[], object]) -> Explanation | None:
        """The explanation of a leak into what held earlier leaks; None if that does not lead to all that is new.

        It has grown in each of the `RUNS` runs that this takes.  Callers of what allocates are not looked for if the leak
        is like an earlier one, of which they are known.
        """
        from zope.testrunner.leaks.explain import explain_by

        return explain_by(work, self.grown(), self.knows)

    def knows(self, explanation: Explanation | None) -> bool:
        """Whether it is that of a leak that is like an earlier one in what holds it and what allocates it.

        That container was seen to grow for that line in as many runs as it takes to confirm a leak, and to have no bound.
        """
        return kind_of(explanation) in self._kinds

    def named(self, finding: Finding) -> Finding:
        """The same finding, with what kind of leak it is, and whether that was explained before."""
        kind = kind_of(finding.explanation) if finding.growth is Growth.LEAK else None
        if kind is None:
            return finding
        like = kind if kind in self._kinds else None
        self._kinds.add(kind)
        return finding._replace(kind=kind, like=like)
