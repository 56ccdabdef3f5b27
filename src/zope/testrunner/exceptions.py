"""The errors of the test runner, in one tree; a leaf module, so that every other one may import it."""

from __future__ import annotations


class TestRunnerError(Exception):
    """Base of everything the runner raises on its own account."""

    __test__ = False


class UsageError(TestRunnerError):
    """The command line or a setting asks for something that cannot be done.

    The message names the option, the fact and the next step in one line.  ``status`` is the exit status the run ends
    with: 2 for a command line that makes no sense, on this kind of system at least, 1 for a sensible one that this Python or
    project cannot serve.

    ``exits`` tells that `zope.testrunner.run_internal` ends the process as well, as it always does for status 2.  ``error``
    is what it raises instead, if there is something that its callers know.
    """

    def __init__(
        self, message: str, status: int = 2, *, exits: bool = False, error: BaseException | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.exits = exits or status == 2
        self.error = error


class DiscoveryError(TestRunnerError):
    """The tests could not be collected; nothing was run."""


class DuplicateTestIDError(DiscoveryError):
    """Two tests have the same id although ``--require-unique`` was given; rename one of them."""


class ImportForked(DiscoveryError):
    """The import of a test module forked, and the new process came back from it; end it with `os._exit` where it is made."""


class LayerError(TestRunnerError):
    """A layer could not do its part."""


class LayerNotFound(LayerError):
    """No layer has this name; the message lists what was looked at and what is close."""


class CanNotTearDown(LayerError):
    """A layer that must go before the next one can start raised `NotImplementedError` in its ``tearDown``."""


class WorkerError(TestRunnerError):
    """A child process did not deliver what it was started for."""


class SubprocessError(WorkerError):
    """What a child process said does not make sense; ``reason`` says why and ``stderr`` is what it wrote there."""

    def __init__(self, reason: str, stderr: str | bytes) -> None:
        super().__init__(reason, stderr)
        self.reason = reason
        self.stderr = stderr

    def __str__(self) -> str:
        return f"{self.reason}: {self.stderr!r}"


class ReporterError(TestRunnerError):
    """The output that people look at could not be written, so going on would be pointless."""


class EndRun(Exception):
    """Raised to end the run in good order: no further test is run, layers are torn down, reports are made."""


class UnexpectedSuccess(Exception):
    """A test that is marked as an expected failure passed; drop the mark or find out why."""

    # The name under which reports have always shown it, and under which it can be imported as well.
    __module__ = "zope.testrunner.runner"


class DocTestFailureException(AssertionError):
    """A doctest failed; ``args[0]`` is the whole report that doctest composed."""
