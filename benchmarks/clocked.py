"""Our runner with a feature that looks at the clock when something begins; it is asked for no event of single tests."""

from __future__ import annotations

import json

#: Put after ``python -c``; the last line that it writes, on the error stream, is for `seconds_each`.
SCRIPT = """
import json, sys, time
now = time.process_time
marks = {"interpreter": now()}
from zope.testrunner.core import events
from zope.testrunner.feature import Feature
from zope.testrunner.runner import Runner
marks["imports"] = now()

class Clock(Feature):
    active = True
    kinds = {events.Discovered: "discovery", events.LapStarted: "preparation", events.LapFinished: "tests"}

    def takes(self, kind):
        name = self.kinds.get(kind)
        return None if name is None else lambda event: marks.setdefault(name, now())

class Clocked(Runner):
    def configure(self):
        super().configure()
        self.features.append(Clock(self))

runner = Clocked([], ["stages", "--path", ".", "--no-history"])
runner.run()
marks["report"] = now()
sys.stdout.flush()
print(json.dumps([runner.ran, list(marks.items())]), file=sys.stderr)
"""


def seconds_each(output: str) -> float | None:
    """What one test took of the processor in the loop over all tests, by what the script wrote; None if it did not."""
    for line in reversed(output.splitlines()):
        if line.startswith("["):
            ran, marks = json.loads(line)
            at = dict(marks)
            return float(at["tests"] - at["preparation"]) / ran if ran else None
    return None
