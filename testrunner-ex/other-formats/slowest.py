"""Formats as another distribution adds them: one that is useful, and one that breaks in the middle of a run."""

import sys

from zope.testrunner.core.events import RunFinished, TestFinished


class Slowest:
    """The ids of the three tests that took longest, one on a line, slowest first."""

    def __init__(self, options, target):
        self.file = sys.stdout if target is None else open(target, "w")
        self.times = []

    def takes(self, kind):
        return {TestFinished: self.note, RunFinished: self.write}.get(kind)

    def note(self, event):
        self.times.append((event.seconds, event.test.id))

    def write(self, event):
        for seconds, name in sorted(self.times, reverse=True)[:3]:
            self.file.write(f"{name}\n")

    def close(self):
        if self.file is not sys.stdout:
            self.file.close()


class Faulty:
    """Raises at the first test."""

    def __init__(self, options, target):
        pass

    def takes(self, kind):
        return self.fail if kind is TestFinished else None

    def fail(self, event):
        raise LookupError("no such thing")
