"""What a run says by itself besides its results: its version, what readings cannot see, which tests stay together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.core.layer_registry import UNIT_TESTS

if TYPE_CHECKING:
    from zope.testrunner.core.config import LeakPolicy
    from zope.testrunner.core.events import Emit
    from zope.testrunner.core.model import Plan
    from zope.testrunner.core.run import Traces


def print_version() -> None:
    """Write the version of this distribution to standard output."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("zope.testrunner")
    except PackageNotFoundError:
        number = "unknown (used without having been installed)"
    sys.stdout.write(f"zope.testrunner version {number}\n")


def emit_limits_of_readings(policy: LeakPolicy, emit: Emit, clock: Callable[[], float]) -> None:
    """Emit what another build would read as well, what hunts cannot see here, and what disturbs them."""
    from zope.testrunner import leaks

    texts = (
        (Importance.INFO, leaks.what_more_a_debug_build_reads() if policy.report else None),
        (Importance.SUBOPTIMAL, leaks.what_hunts_cannot_see() if policy.hunts or policy.watch else None),
        (Importance.SUBOPTIMAL, leaks.what_disturbs()),
    )
    for importance, text in texts:
        if text:
            emit(Notice(clock(), 0, importance, text))


def undivided_modules(plan: Plan, traces: Traces) -> list[str]:
    """A sentence for each module whose tests are not divided, and would be if its import had left nothing."""
    from zope.testrunner.planning.work_groups import module_of

    counts: dict[str, int] = {}
    for layer in plan.layers:
        for test in layer.suite if layer.name == UNIT_TESTS else ():
            module = module_of(test)
            counts[module] = counts.get(module, 0) + 1
    sentences = []
    for module in sorted(module for module, count in counts.items() if count > 1 and traces.key(module) is not None):
        text = f"The tests of {module} stay in one process, as {traces.why(module)}."
        if getattr(sys.modules.get(module), "splittable", None) is None:
            text += "  splittable = True in that module has them divided."
        sentences.append(text)
    return sentences
