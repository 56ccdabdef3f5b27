"""Measurements as text: aligned tables, no colours, nothing that names the machine's paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import Comparison
from benchmarks.measure import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cases import Case, Claim, Finding, Result
    from benchmarks.measure import Sample

_NOTHING = "–"
_NAMES = {Metric.CPU: "CPU", Metric.WALL: "wall", Metric.PEAK: "peak", Metric.EACH: "CPU a test"}


def grid(rows: Sequence[Sequence[str]], *, left: frozenset[int] = frozenset({0})) -> str:
    """Rows as lines with aligned columns: those numbered in *left* to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def case_table(result: Result) -> str:
    """What each contender of a case used, and how ours compares with it; then what could not be measured."""
    case, samples = result.case, result.samples
    tells = any(samples[contender.label].values(Metric.EACH) for contender in case.contenders)
    rows: list[tuple[str, ...]] = [
        ("", "CPU s", "least", "spread", "wall s", "peak MB", "ours ÷ CPU", "÷ wall", "÷ peak")
        + (("µs a test",) if tells else ())
    ]
    problems = []
    for contender in case.contenders:
        sample = samples[contender.label]
        if sample.problem is not None:
            problems.append(f"  {sample.label} is not measured: {sample.problem}")
            continue
        baseline = case.baseline(contender)
        ours = samples[baseline] if baseline is not None else None
        rows.append(
            (
                sample.label,
                quantity(sample.median(Metric.CPU), Metric.CPU),
                quantity(sample.least(Metric.CPU), Metric.CPU),
                share(sample.spread(Metric.CPU)),
                quantity(sample.median(Metric.WALL), Metric.WALL),
                quantity(sample.median(Metric.PEAK), Metric.PEAK),
                *(ratio(ours, sample, metric) for metric in (Metric.CPU, Metric.WALL, Metric.PEAK)),
                *((quantity(sample.median(Metric.EACH), Metric.EACH),) if tells else ()),
            )
        )
    parts = [f"{case.name}: {case.title}", grid(rows) if len(rows) > 1 else "", *problems]
    return "\n".join(part for part in parts if part)


def findings_table(results: Sequence[Result]) -> str:
    """Every claim with its number, its target and whether it is reached."""
    rows: list[tuple[str, ...]] = [("", "", "median", "least", "target", "")]
    for result in results:
        for finding in result.findings:
            claim = finding.claim
            numbers = amount(finding.measured, claim), amount(finding.least, claim)
            rows.append((result.case.name, subject(claim), *numbers, _target(claim), verdict(finding)))
    return grid(rows, left=frozenset({0, 1, 5}))


def case_listing(cases: Sequence[Case]) -> str:
    """The cases by name, each with its claims."""
    lines = []
    for case in cases:
        lines.append(f"{case.name}: {case.title}")
        lines += [f"  {subject(claim)}  {_target(claim)}".rstrip(f" {_NOTHING}") for claim in case.claims]
    return "\n".join(lines)


def subject(claim: Claim) -> str:
    """What is compared, such as ``CPU, ours ÷ published``."""
    return f"{_NAMES[claim.metric]}, {claim.ours} {claim.comparison.value} {claim.other}"


def amount(value: float | None, claim: Claim) -> str:
    """A number in the unit of *claim*, such as ``0.58`` or ``3.1 MB``."""
    if value is None:
        return _NOTHING
    if claim.comparison is Comparison.RATIO:
        return f"{value:.2f}"
    return f"{quantity(value, claim.metric)} {'MB' if claim.metric is Metric.PEAK else 's'}"


def verdict(finding: Finding) -> str:
    """``reached``, ``not reached``, ``not measured``, or nothing when there is no target."""
    if finding.measured is None:
        return "not measured"
    if finding.reached is None:
        return ""
    if finding.reached:
        return "reached"
    at_most, least = finding.claim.at_most, finding.least
    by_least = at_most is not None and least is not None and least <= at_most
    return "not reached, but by the least" if by_least else "not reached"


def quantity(value: float | None, metric: Metric) -> str:
    """Seconds to the millisecond, those of one test as microseconds, bytes as MB of 1,000,000 bytes."""
    if value is None:
        return _NOTHING
    if metric is Metric.EACH:
        return f"{value * 1e6:.2f}"
    return f"{value / 1e6:.1f}" if metric is Metric.PEAK else f"{value:.3f}"


def share(value: float | None) -> str:
    """A share as per cent."""
    return _NOTHING if value is None else f"{value:.0%}"


def ratio(ours: Sample | None, other: Sample, metric: Metric) -> str:
    """The median of ours over that of *other*."""
    if ours is None or ours is other:
        return _NOTHING
    mine, its = ours.median(metric), other.median(metric)
    return _NOTHING if mine is None or not its else f"{mine / its:.2f}"


def _target(claim: Claim) -> str:
    return _NOTHING if claim.at_most is None else f"≤ {amount(claim.at_most, claim)}"
