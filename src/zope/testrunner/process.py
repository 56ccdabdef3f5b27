"""What is different in a child process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO, cast

from zope.testrunner.feature import Feature
from zope.testrunner.workers.command_line import FakeInputContinueGenerator
from zope.testrunner.workers.trailer import Trailer

if TYPE_CHECKING:
    from zope.testrunner.core.run import Run


class SubProcess(Feature):
    """Gives a child a harmless standard input, and ends its run with counts and names on standard error.

    A child that sends frames leaves its standard error alone; otherwise it is sent to standard output, so that a person
    who runs the command by hand sees things in order.
    """

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self.active = bool(runner.options.resume_layer)
        self._stdin: TextIO | None = None
        self._stderr: TextIO | None = None

    def global_setup(self) -> None:
        """Replace the streams."""
        self._stdin, self._stderr = sys.stdin, sys.stderr
        sys.stdin = cast(TextIO, FakeInputContinueGenerator())
        if not self.runner.framed:
            sys.stderr = sys.stdout

    def report(self) -> None:
        """Close standard output and write the trailer."""
        tally = self.runner.tally
        trailer = Trailer(tally.stats.ran, tuple(tally.failed), tuple(tally.errored))
        assert self._stdin is not None and self._stderr is not None
        sys.stdin, sys.stderr = self._stdin, self._stderr
        stream = self.runner.stderr
        if self.runner.framed:
            # Tests may have left an unfinished line there.
            stream.write("\n")
        else:
            sys.stdout.close()
        stream.write("".join(f"{line}\n" for line in trailer.lines()))
        stream.flush()
