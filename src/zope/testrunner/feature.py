"""The base of features: the small steps that a run consists of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.model import Plan
    from zope.testrunner.core.run import Run


class Feature:
    """A step of a run; override the hooks that matter, all others do nothing.

    Hooks are called for all features in the order of `zope.testrunner.runner.Runner.features`, the two tear-downs in
    reverse.  A feature whose ``active`` is false after its construction is dropped.
    """

    #: Whether this feature takes part in the run; often decided in the constructor from ``runner.options``.
    active: bool = False

    def __init__(self, runner: Run) -> None:
        self.runner = runner

    def global_setup(self) -> None:
        """Prepare the process; called first of all."""

    def arrange(self, plan: Plan) -> Plan:
        """Return the plan to go on with; called directly after this feature's `global_setup`."""
        return plan

    def late_setup(self) -> None:
        """Prepare what has to be closest to the tests; called when all features are set up globally."""

    def layer_setup(self, layer: object) -> None:
        """Called when a layer's turn has come, before anything of it is set up; also for layers that a child runs."""

    def layer_teardown(self, layer: object) -> None:
        """Not called; subclasses of old may define it."""

    def test_setup(self) -> None:
        """Not called; use a layer's ``testSetUp``."""

    def test_teardown(self) -> None:
        """Not called; use a layer's ``testTearDown``."""

    def worker_setup(self) -> None:
        """Called in a child process of the run, of any kind, directly before its tests.

        A child that was started anew has set up features of its own; one that was forked has a copy of those of its
        parent, set up there, and ends without any other hook being called.
        """

    def worker_teardown(self) -> None:
        """Called there directly after its tests: leave what was measured where the parent looks for it."""

    def early_teardown(self) -> None:
        """Undo `late_setup`; called directly after the tests."""

    def global_teardown(self) -> None:
        """Undo `global_setup`."""

    def report(self) -> None:
        """Add to the report at the end of the run."""
