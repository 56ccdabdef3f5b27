"""Starting this command again: in a child process, or where this process cannot serve it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zope.testrunner.system.originals import os


def script_parts(args: Sequence[str] | None = None) -> list[str]:
    """The words after the interpreter that start this script again in a child process."""
    script = (args or sys.argv)[0]
    if script == "setup.py":
        return ["-c", "from zope.testrunner import run; run()"]
    path = os.path.abspath(script)
    ours = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")
    # Run by its path, __main__.py would put the package's own directory first on sys.path, where modules such as
    # ``statistics`` and ``filter`` would hide those of the standard library.
    if not os.path.exists(path) or os.path.realpath(path) == os.path.realpath(ours):
        return ["-m", "zope.testrunner"]
    return [path]


def restart_without_jit() -> None:
    """Start this command again without the JIT compiler, if there is one: what it makes would be read as growth."""
    from zope.testrunner.leaks.verdict import jit_is_enabled

    if jit_is_enabled() and os.environ.get("PYTHON_JIT") != "0":
        os.environ["PYTHON_JIT"] = "0"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
