"""Starting the command again where this process cannot serve it."""

from __future__ import annotations

import sys

from zope.testrunner.leaks.verdict import jit_is_enabled
from zope.testrunner.system.originals import os


def restart_without_jit() -> None:
    """Start this command again without the JIT compiler, if there is one: what it makes would be read as growth."""
    if jit_is_enabled() and os.environ.get("PYTHON_JIT") != "0":
        os.environ["PYTHON_JIT"] = "0"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
