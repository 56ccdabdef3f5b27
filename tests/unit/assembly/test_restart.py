"""Starting a command again."""

from __future__ import annotations

import sys
import unittest
from unittest import mock

from zope.testrunner.assembly import restart


class TestRestartWithoutJit(unittest.TestCase):
    """A command that reads memory is started again once, without the compiler."""

    def words(self, *, enabled: bool, setting: str | None) -> list[str] | None:
        """How it is started again, None if it is not; ``setting`` is that of the environment."""
        environment = {} if setting is None else {"PYTHON_JIT": setting}
        with (
            mock.patch("zope.testrunner.leaks.verdict.jit_is_enabled", return_value=enabled),
            mock.patch.object(restart, "os", environ=environment) as os,
        ):
            restart.restart_without_jit()
        if not os.execv.called:
            return None
        self.assertEqual("0", environment["PYTHON_JIT"])
        return list(os.execv.call_args.args[1])

    def test_where_there_is_one(self) -> None:
        self.assertEqual([sys.executable, *sys.orig_argv[1:]], self.words(enabled=True, setting="1"))

    def test_not_without_one(self) -> None:
        self.assertIsNone(self.words(enabled=False, setting=None))

    def test_not_twice(self) -> None:
        self.assertIsNone(self.words(enabled=True, setting="0"))
