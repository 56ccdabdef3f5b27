"""Importing what belongs to the project, what its exceptions and forks come to, and what stands for modules that fail."""

from __future__ import annotations

import os
import sys
import unittest
from types import ModuleType, TracebackType

from zope.testrunner.core.exception_snapshot import LooseExcInfo
from zope.testrunner.exceptions import EndRun, ImportForked
from zope.testrunner.execution.forks import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Final

#: What ends the run even while tests are being collected.
NOT_OURS = (KeyboardInterrupt, MemoryError, EndRun)

_HERE: Final = os.path.dirname(os.path.abspath(__file__))
#: Where the frames of imports that come from here begin.
_OURS: Final = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "find.py"))


class StartUpFailure(unittest.TestCase):
    """Stands for a module whose tests could not be collected.

    ``module`` is its name, ``exc_info`` what went wrong.  The runner reports it and does not run it; another runner that
    does gets the original exception.
    """

    # Where it is imported from, and what reports have for its name.
    __module__ = "zope.testrunner.find"

    def __init__(
        self, options: argparse.Namespace | None, module: str, exc_info: LooseExcInfo | None
    ) -> None:
        super().__init__()
        if getattr(options, "post_mortem", False) and not getattr(options, "resume_layer", None):
            if exc_info is None or None in exc_info:
                raise TypeError("If post_mortem is specified, full exc_info must be passed!")
            from zope.testrunner.execution.streams.debugger import post_mortem

            post_mortem(exc_info)
        self.module = module
        self.exc_info = exc_info

    def runTest(self) -> None:
        """Raise what went wrong."""
        error = None if self.exc_info is None else self.exc_info[1]
        if error is None or self.exc_info is None or None in self.exc_info:
            self.fail(f"could not import {self.module}")
        raise error.with_traceback(self.exc_info[2])

    def shortDescription(self) -> str:
        """A sentence on what this stands for."""
        return f"StartUpFailure: import errors in {self.module}."

    def __repr__(self) -> str:
        return f"<StartUpFailure module={self.module}>"


def import_package(name: str) -> ModuleType:
    """Import a package to search in by its dotted name and return it."""
    __import__(name)
    see_forks()
    return sys.modules[name]


def see_forks() -> None:
    """Raise `ImportForked` if what was just imported has forked, and the new process came back from it."""
    forks = current()
    for _, how in forks.back(None) if forks.any else ():
        raise ImportForked(f"the import forked, and the new process {how} instead of ending; it was ended")


def users_frames(error: BaseException, options: argparse.Namespace) -> TracebackType | None:
    """The traceback without the frames of discovery that it starts with."""
    traceback = error.__traceback__
    if not getattr(options, "post_mortem", False):
        while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OURS):
            traceback = traceback.tb_next
    return traceback
