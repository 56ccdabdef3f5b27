"""For tests of the runner that replace the debugger: every run starts with the real one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from zope.testrunner.feature import Feature

#: `pdb.set_trace` as Python has it; determined when it is first needed, since importing `pdb` takes longer than all else
#: of the runner.
real_pdb_set_trace: Callable[[], None]


class SelfTest(Feature):
    """Puts the real `pdb.set_trace` back, which a test of the runner, or doctest, may have replaced around the run."""

    active = True

    def global_setup(self) -> None:
        pdb = sys.modules.get("pdb")
        if pdb is not None:
            pdb.set_trace = _determine()  # type: ignore[attr-defined]

    def late_setup(self) -> None:
        # Now that test modules have imported it, and before tests can replace anything.
        if "pdb" in sys.modules:
            _determine()


def _determine() -> Callable[[], None]:
    known: Callable[[], None] | None = globals().get("real_pdb_set_trace")
    if known is None:
        import pdb  # noqa: T100  # what this module is about

        known = pdb.set_trace
        if getattr(known, "__qualname__", "") != "set_trace" or known.__module__ != "pdb":
            known = _fresh()
        globals()["real_pdb_set_trace"] = known
    return known


def _fresh() -> Callable[[], None]:
    """The function of a second copy of the module, for when it is too late to ask the first."""
    from importlib.util import find_spec, module_from_spec

    spec = find_spec("pdb")
    if spec is None or spec.loader is None:
        raise ImportError("pdb is part of Python, but it cannot be found", name="pdb")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[], None] = module.set_trace
    return function


def __getattr__(name: str) -> object:
    if name == "real_pdb_set_trace":
        return _determine()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
