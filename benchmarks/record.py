"""Results as JSON, for whoever wants every single run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cases import Finding, Result

#: Goes up when the meaning of a field changes.
FORMAT = 1


def as_json(heading: str, rounds: int, results: Sequence[Result]) -> str:
    """One JSON object with every run of every contender and every claim; seconds and bytes."""
    cases = [
        {
            "name": result.case.name,
            "title": result.case.title,
            "contenders": [asdict(result.samples[contender.label]) for contender in result.case.contenders],
            "claims": [_claim(finding) for finding in result.findings],
        }
        for result in results
    ]
    return json.dumps({"format": FORMAT, "heading": heading, "runs": rounds, "cases": cases}, indent=1) + "\n"


def _claim(finding: Finding) -> dict[str, object]:
    claim = finding.claim
    return {
        "subject": table.subject(claim),
        "metric": claim.metric.value,
        "measured": finding.measured,
        "least": finding.least,
        "at_most": claim.at_most,
        "reached": finding.reached,
    }
