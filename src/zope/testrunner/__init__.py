"""A test runner with layers, repetition and leak tracking.

`run` is what scripts call; `run_internal` does the same and returns instead of exiting.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from zope.testrunner.exceptions import ReporterError, TestRunnerError
    from zope.testrunner.runner import Runner

__all__ = ["run", "run_internal"]


def run(
    defaults: list[str] | None = None,
    args: list[str] | None = None,
    script_parts: Sequence[str] | None = None,
    cwd: str | None = None,
    warnings: str | None = None,
) -> None:
    """Run tests as the command line says, then exit.

    ``defaults`` are command-line words that come before those the user gave, ``args`` is the whole command line with
    the program's name first (``sys.argv`` if None).  ``script_parts`` are the words after the interpreter's name that
    start this script again, ``cwd`` the directory to do that in; both are found out if not given.  ``warnings`` is the
    action for the warnings filter, see `zope.testrunner.runner.Runner`.

    The exit status is 0 if all tests passed, 1 if anything failed, 2 for a command line that makes no sense, 5 if no
    test was selected and ``--require-tests`` was given, 130 after Ctrl-C.
    """
    try:
        status = _run(defaults, args, script_parts, cwd, warnings, exits=True)[1]
    except KeyboardInterrupt:
        # So early, or a second time, that nobody else could take it.
        sys.stderr.write("\nInterrupted.\n")
        status = 130
    sys.exit(status)


def run_internal(
    defaults: list[str] | None = None,
    args: list[str] | None = None,
    script_parts: Sequence[str] | None = None,
    cwd: str | None = None,
    warnings: str | None = None,
) -> bool:
    """Do what `run` does without exiting; return whether anything failed.

    A problem that the user has looked at in a debugger (``--post-mortem``) does not count.  Raises
    `zope.testrunner.exceptions.EndRun` if that was before any test could run, in a module that cannot be imported.

    Raises `zope.testrunner.exceptions.DuplicateTestIDError` when ``--require-unique`` finds any, `SystemExit` for a command
    line that makes no sense and after ``--help`` and ``--version``, and what the import of a package raises that
    ``--package`` names.
    """
    return _run(defaults, args, script_parts, cwd, warnings)[0]


def _run(
    defaults: list[str] | None,
    args: list[str] | None,
    script_parts: Sequence[str] | None,
    cwd: str | None,
    warnings: str | None,
    *,
    exits: bool = False,
) -> tuple[bool, int]:
    """Whether the run failed, and its exit status; ``exits`` tells that the process ends next."""
    # Imported here because test modules import this package for its layers, and need none of the machinery.
    from zope.testrunner import runner as module
    from zope.testrunner.assembly.run_results import INTERRUPTED
    from zope.testrunner.exceptions import EndRun, ReporterError, TestRunnerError

    words = sys.argv if args is None else args
    is_replay = words[1:2] == ["replay"]
    status: int | None = None
    callers = getattr(sys, "stdout", None)
    try:
        cwd = _current_directory() if cwd is None else cwd
        if script_parts is None:
            script_parts = _script_parts(args)
        # Looked up when needed, since other packages put a subclass in its place.
        runner: Runner = module.Runner(defaults, args, script_parts=script_parts, cwd=cwd, warnings=warnings)
        runner.is_command = exits
        if is_replay:
            from zope.testrunner.commands.replay import replay

            status = replay(words, defaults)
        else:
            runner.run()
        _flush(callers)
        _after_version(runner, exits)
    except EndRun:
        # The user was in the debugger for a module that could not be imported.
        if not exits:
            raise
        return True, 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return True, INTERRUPTED
    except ReporterError as error:
        stdout = getattr(sys, "stdout", None)
        closed = stdout is None or getattr(stdout, "closed", False)
        if not closed and not isinstance(error.__cause__, OSError):
            # A formatter is wrong, and its author wants to see where.
            raise
        return True, _nobody_reads(error)
    except TestRunnerError as error:
        return True, _explain(error) if exits else _explain_or_raise(error)
    if status is not None:
        return status != 0, status
    if exits and runner.is_read_by_program:
        # What functions that run at exit and other threads still print must not get behind the last packet.
        sys.stdout = sys.stderr
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
    if exits and runner.ran_nothing_here:
        _freeze()
    return runner.failed, runner.exit_status


def _freeze() -> None:
    """Spare the interpreter a search for garbage in all that was imported, before it ends.

    That is a twentieth of the time that listing takes; nothing was run by this process that could have made any worth
    looking for.
    """
    import gc

    if hasattr(gc, "freeze"):  # PyPy has not
        gc.freeze()


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        from zope.testrunner.exceptions import UsageError

        raise UsageError(f"No current directory: {error.strerror}; change to one that exists", status=1) from error


def _explain_or_raise(error: TestRunnerError) -> int:
    """Raise what callers of `run_internal` have always got for some errors; explain the others."""
    from zope.testrunner.exceptions import DuplicateTestIDError, UsageError

    if isinstance(error, DuplicateTestIDError):
        raise error
    if isinstance(error, UsageError):
        if error.error is not None:
            raise error.error from None
        if error.exits:
            raise SystemExit(_explain(error)) from None
    return _explain(error)


def _after_version(runner: Runner, exits: bool) -> None:
    """Raise the `SystemExit` that ``--version`` has always brought to callers of `run_internal`, which does not exit."""
    # A replay, or a subclass that other packages put in place, may have no options.
    if not exits and getattr(getattr(runner, "options", None), "showversion", False):
        raise SystemExit(0)


def _explain(error: TestRunnerError) -> int:
    """Say what is wrong in a line, and return the exit status."""
    from zope.testrunner.exceptions import UsageError
    from zope.testrunner.options import complaint

    if not isinstance(error, UsageError):
        sys.stdout.write(f"{error}\n")
        return 1
    (sys.stderr if error.status == 2 else sys.stdout).write(f"{complaint(error)}\n")
    return error.status


def _flush(callers: object) -> None:
    """Write out what the report still holds back; raises `ReporterError` if that cannot be done.

    ``callers`` is the standard output from before the run: what it raises is for the caller to see.
    """
    try:
        stdout = getattr(sys, "stdout", None)
        # The stream of a caller may have no more than ``write``.
        if stdout is not None and not getattr(stdout, "closed", False):
            flush = getattr(stdout, "flush", None)
            if callable(flush):
                flush()
    except OSError as error:
        from zope.testrunner.exceptions import ReporterError

        raise ReporterError(f"Cannot write the report to standard output: {error.strerror or error}") from error
    except Exception:
        if sys.stdout is callers:
            raise
        # A test has left something in its place, which the interpreter would stumble over as well when it exits.
        sys.stdout = sys.__stdout__
        _flush(sys.stdout)


def _nobody_reads(error: ReporterError) -> int:
    """Standard output cannot be written any more: end with a line about it.

    Without one if it is a pipe that was closed at the other end, as by ``bin/test | head``.
    """
    # The interpreter flushes standard output once more when it exits, and would complain.
    with open(os.devnull, "wb") as devnull, contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(devnull.fileno(), sys.stdout.fileno())
    if not isinstance(error.__cause__, BrokenPipeError):
        sys.stderr.write(f"{str(error).rstrip('.')}; the run was broken off\n")
    return 1


def _script_parts(args: Sequence[str] | None = None) -> list[str]:
    """The words after the interpreter that start this script again in a child process."""
    from zope.testrunner.assembly.restart import script_parts

    return script_parts(args)


class _OldSpelling:
    """An import finder for ``zope.testing.testrunner``, so that it is ours and not what zope.testing has under that name.

    Where both distributions are installed into one folder nothing needs to be done.  In a development checkout or a
    buildout they are in different ones, and the ``zope.testing`` package found there hides ours.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Answer for that one name."""
        if name != "zope.testing.testrunner":
            return None
        from importlib.util import spec_from_file_location

        portion = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        return spec_from_file_location(name, os.path.join(portion, "testing", "testrunner", "__init__.py"))


sys.meta_path.insert(0, _OldSpelling)
# The module of zope.testing imports this one, which may be what is going on: give it the functions it should have.
if _old := sys.modules.get("zope.testing.testrunner"):
    _old.__dict__.update(run=run_internal, run_internal=run_internal)
