"""What is measured and what is promised: one entry of :data:`CASES` each.

To add a case, add an entry. It needs a name for ``--only``, a title, contenders (a runner on a tree, with
more arguments if need be) and claims about them. Runners are in :mod:`benchmarks.peers`, trees in
:mod:`benchmarks.trees`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from benchmarks import peers, trees
from benchmarks.measure import Metric
from benchmarks.peers import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Sample
    from benchmarks.peers import Runner
    from benchmarks.trees import Tree


class Comparison(Enum):
    """How two medians become one number: their ratio, or by how much the first is larger."""

    RATIO = "÷"
    DIFFERENCE = "−"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One runner at one job; the *label* is its row in the table and unique in a case."""

    label: str
    runner: Runner
    tree: Tree
    work: Work = Work.RUN
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a claim: the number that was measured and whether it reaches the target.

    *measured* is by the medians, and ``None`` when one side could not be measured; *reached* also when there is no target.
    *least* is the same by the smallest values.
    """

    claim: Claim
    measured: float | None
    reached: bool | None
    least: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether a target was set and not shown to be reached."""
        return self.claim.at_most is not None and self.reached is not True


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The median of *metric* of the contender *ours*, compared with that of *other*, is *at_most* this.

    A difference is in the unit of the metric (seconds or bytes). Without *at_most* the number is only
    reported.
    """

    metric: Metric
    other: str
    at_most: float | None = None
    ours: str = "ours"
    comparison: Comparison = Comparison.RATIO

    def judge(self, samples: Mapping[str, Sample]) -> Finding:
        """Hold the claim against what was measured; *samples* are by label."""
        ours, other = samples[self.ours], samples[self.other]
        measured = self._compared(ours.median(self.metric), other.median(self.metric))
        least = self._compared(ours.least(self.metric), other.least(self.metric))
        reached = None if measured is None or self.at_most is None else measured <= self.at_most
        return Finding(claim=self, measured=measured, reached=reached, least=least)

    def _compared(self, ours: float | None, other: float | None) -> float | None:
        if ours is None or other is None:
            return None
        if self.comparison is Comparison.DIFFERENCE:
            return ours - other
        return ours / other if other else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A comparison: who takes part, and what is claimed."""

    name: str
    title: str
    contenders: tuple[Contender, ...]
    claims: tuple[Claim, ...]

    def baseline(self, contender: Contender) -> str | None:
        """The label of our contender that did the same job, which *contender* is shown against."""
        for candidate in self.contenders:
            if candidate.runner is peers.OURS and (candidate.tree, candidate.work) == (
                contender.tree,
                contender.work,
            ):
                return candidate.label
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case with the sample of each contender, by label, and what became of each claim."""

    case: Case
    samples: Mapping[str, Sample]
    findings: tuple[Finding, ...]


def judged(case: Case, samples: Mapping[str, Sample]) -> Result:
    """The result of *case* for these samples."""
    return Result(case=case, samples=samples, findings=tuple(claim.judge(samples) for claim in case.claims))


def _on(tree: Tree, *runners: Runner, work: Work = Work.RUN, suffix: str = "") -> tuple[Contender, ...]:
    """One contender for each runner, called by its name."""
    return tuple(
        Contender(label=runner.name + suffix, runner=runner, tree=tree, work=work) for runner in runners
    )


def _ours(tree: Tree, **arguments: tuple[str, ...]) -> tuple[Contender, ...]:
    """Ours with several arguments, by label."""
    return tuple(
        Contender(label=label, runner=peers.OURS, tree=tree, arguments=words) for label, words in arguments.items()
    )


def _two_at_a_time(tree: Tree, runner: Runner, option: str) -> tuple[Contender, ...]:
    """A peer with one process, and with two."""
    return (
        Contender(label=runner.name, runner=runner, tree=tree),
        Contender(label=f"{runner.name} {option}", runner=runner, tree=tree, arguments=(option,)),
    )


_EVERYONE = (peers.OURS, peers.UNITTEST, peers.PYTEST, peers.PUBLISHED_RUNNER)
_WITHOUT = " without"

CASES = (
    Case(
        name="start-up",
        title="4 tests",
        contenders=_on(trees.FOUR, *_EVERYONE, peers.BARE),
        claims=(
            Claim(metric=Metric.CPU, other="published", at_most=0.45),
            Claim(metric=Metric.CPU, other="unittest", at_most=1.2),
        ),
    ),
    Case(
        name="empty-20000",
        title="20,000 empty tests",
        contenders=_on(trees.EMPTY_20_000, *_EVERYONE),
        claims=(
            Claim(metric=Metric.CPU, other="published", at_most=0.7),
            Claim(metric=Metric.CPU, other="unittest", at_most=1.0),
        ),
    ),
    Case(
        name="subunit-20000",
        title="20,000 empty tests, as a subunit stream of version 2",
        contenders=_on(trees.EMPTY_20_000, peers.OURS_SUBUNIT, peers.SUBUNIT),
        claims=(Claim(metric=Metric.CPU, other="subunit.run", at_most=1.5),),
    ),
    Case(
        name="listing-400",
        title="the tests of 400 packages, 5 in each (unittest cannot list)",
        contenders=_on(trees.PACKAGES_400, peers.OURS, peers.PYTEST, peers.PUBLISHED_RUNNER, work=Work.LIST),
        claims=(
            Claim(metric=Metric.CPU, other="published", at_most=0.6),
            Claim(metric=Metric.WALL, other="published"),
        ),
    ),
    Case(
        name="retaining-2000",
        title="2,000 tests that set self.data = bytearray(100_000), and the same tests without that",
        contenders=(
            *_on(trees.RETAINING, *_EVERYONE),
            *_on(trees.NOT_RETAINING, *_EVERYONE, suffix=_WITHOUT),
        ),
        claims=(
            *(
                Claim(metric=Metric.PEAK, other=runner.name)
                for runner in _EVERYONE
                if runner is not peers.OURS
            ),
            Claim(
                metric=Metric.PEAK,
                other=f"ours{_WITHOUT}",
                comparison=Comparison.DIFFERENCE,
                at_most=10_000_000,
            ),
        ),
    ),
    Case(
        name="empty-100000",
        title="100,000 empty tests (not under pytest, which takes minutes)",
        contenders=_on(trees.EMPTY_100_000, peers.OURS, peers.UNITTEST, peers.PUBLISHED_RUNNER),
        claims=(Claim(metric=Metric.PEAK, other="published", at_most=0.6),),
    ),
    Case(
        name="each-test",
        title="what one of 1,000, 20,000 and 100,000 empty tests takes, between the first and the last of them",
        contenders=tuple(
            Contender(label=f"{tree.tests:,}", runner=peers.OURS_CLOCKED, tree=tree)
            for tree in (trees.EMPTY_1_000, trees.EMPTY_20_000, trees.EMPTY_100_000)
        ),
        claims=tuple(
            Claim(metric=Metric.EACH, ours=ours, other=other, at_most=1.15)
            for few, many in (("1,000", "20,000"), ("1,000", "100,000"))
            for ours, other in ((many, few), (few, many))
        ),
    ),
    Case(
        name="layers-12",
        title="twelve layers with heavy imports, one after the other and two at a time",
        contenders=(
            *_ours(trees.LAYERS_12, **{"ours": (), "ours -j2": ("-j2",)}),
            *_two_at_a_time(trees.LAYERS_12, peers.PUBLISHED_RUNNER, "-j2"),
        ),
        claims=(
            Claim(metric=Metric.WALL, ours="ours -j2", other="ours", at_most=0.65),
            Claim(metric=Metric.WALL, ours="ours -j2", other="published -j2", at_most=0.25),
        ),
    ),
    Case(
        name="waiting-400",
        title="400 unit tests that wait 10 ms each, one after the other and two at a time",
        contenders=(
            *_ours(trees.WAITING_400, **{"ours": (), "ours -j2": ("-j2",)}),
            *_two_at_a_time(trees.WAITING_400, peers.PUBLISHED_RUNNER, "-j2"),
            *_two_at_a_time(trees.WAITING_400, peers.PYTEST, "-n2"),
        ),
        claims=(
            Claim(metric=Metric.WALL, ours="ours -j2", other="ours", at_most=0.56),
            Claim(metric=Metric.WALL, ours="ours -j2", other="published -j2"),
            Claim(metric=Metric.WALL, ours="ours -j2", other="pytest -n2"),
        ),
    ),
    Case(
        name="hunting-2000",
        title="2,000 tests of a millisecond, and each judged for leaks",
        contenders=_ours(trees.WORKING, ours=(), hunting=("--leaks",)),
        claims=(Claim(metric=Metric.CPU, ours="hunting", other="ours", at_most=1.35),),
    ),
    Case(
        name="hunting-2000-keeping",
        title="2,000 tests of two thirds of a millisecond that keep something on self, and each judged for leaks",
        contenders=_ours(trees.KEEPING, ours=(), hunting=("--leaks",)),
        claims=(Claim(metric=Metric.CPU, ours="hunting", other="ours", at_most=1.45),),
    ),
    Case(
        name="watching-2000",
        title="2,000 tests of a millisecond, each run once, and what stays after each",
        contenders=_ours(trees.WORKING, ours=(), watching=("--leaks=watch",)),
        claims=(Claim(metric=Metric.CPU, ours="watching", other="ours", at_most=1.15),),
    ),
    Case(
        name="watching-attributes",
        title="the same with tests that keep on themselves what they make",
        contenders=_ours(trees.KEEPING, ours=(), watching=("--leaks=watch",)),
        claims=(Claim(metric=Metric.CPU, ours="watching", other="ours", at_most=1.15),),
    ),
    Case(
        name="hunting-in-a-leaking-suite",
        title="2,000 tests of a millisecond, of which 20 leak, and each judged for leaks",
        contenders=_ours(trees.LEAKING, ours=(), hunting=("--leaks", "--leaks-report-only")),
        claims=(Claim(metric=Metric.CPU, ours="hunting", other="ours", at_most=1.6),),
    ),
    Case(
        name="explaining-on-a-large-heap",
        title="20 leaks on a heap of 500,000 objects, explained: a second more for each",
        contenders=_ours(
            trees.LEAKING_ON_A_LARGE_HEAP,
            unexplained=("--leaks", "--leaks-report-only", "--no-leaks-explain"),
            explained=("--leaks", "--leaks-report-only"),
        ),
        claims=(
            Claim(
                metric=Metric.CPU,
                ours="explained",
                other="unexplained",
                comparison=Comparison.DIFFERENCE,
                at_most=20.0,
            ),
        ),
    ),
    Case(
        name="hunting-on-a-large-heap",
        title="2,000 short tests on a heap of 500,000 objects, and each judged: 0.25 ms more for each",
        contenders=_ours(trees.LARGE_HEAP, once=(), hunting=("--leaks",)),
        claims=(
            Claim(
                metric=Metric.CPU,
                ours="hunting",
                other="once",
                comparison=Comparison.DIFFERENCE,
                at_most=0.5,
            ),
        ),
    ),
    Case(
        name="hunting-200-debug",
        title="200 clean tests, each run nine times (5:4); pytest-leaks takes minutes, and a debug build of Python",
        contenders=(
            *_ours(trees.CLEAN_200, ours=("--leaks=5:4",)),
            *_on(trees.CLEAN_200, peers.PYTEST_LEAKS),
        ),
        claims=(Claim(metric=Metric.CPU, other="pytest-leaks", at_most=0.35),),
    ),
    Case(
        name="hunting-500-under-pytest",
        title="500 clean tests of json work under pytest, and each judged for leaks",
        contenders=(
            Contender(label="pytest", runner=peers.OURS_IN_PYTEST, tree=trees.JSON_500),
            Contender(label="hunting", runner=peers.OURS_IN_PYTEST, tree=trees.JSON_500, arguments=("--leaks",)),
        ),
        claims=(Claim(metric=Metric.CPU, ours="hunting", other="pytest", at_most=1.4),),
    ),
    Case(
        name="repeating-on-a-large-heap",
        title="four times the same layer on a heap of 500,000 objects, without readings, with them, with tables",
        contenders=_ours(
            trees.LARGE_HEAP_WORKING,
            ours=("-N4",),
            readings=("-N4", "-r"),
            tables=("-N4", "-r", "-v"),
        ),
        claims=(
            Claim(metric=Metric.CPU, ours="readings", other="ours", at_most=1.05),
            Claim(metric=Metric.CPU, ours="tables", other="ours", at_most=1.5),
        ),
    ),
    Case(
        name="hunting-under-pytest",
        title="200 clean tests under pytest, hunted with 5:4 and with as many runs as it takes (debug builds only)",
        contenders=(
            Contender(label="ours", runner=peers.OURS_IN_PYTEST, tree=trees.CLEAN_200, arguments=("-R", "5:4")),
            Contender(label="two phases", runner=peers.OURS_IN_PYTEST, tree=trees.CLEAN_200, arguments=("--leaks",)),
            Contender(label="pytest-leaks", runner=peers.PYTEST_LEAKS, tree=trees.CLEAN_200),
        ),
        claims=(
            Claim(metric=Metric.CPU, other="pytest-leaks", at_most=0.35),
            Claim(metric=Metric.CPU, ours="two phases", other="pytest-leaks", at_most=0.015),
        ),
    ),
)
