"""What the runner uses of the system, as it was before any test could put something in its place.

Tests replace clocks, files, processes and threads for everybody: by assigning to attributes of modules (``unittest.mock``,
eventlet, gevent), by assigning to names in every module that has imported something from them (freezegun, pyfakefs), or
inside of functions of C (time-machine).  The runner goes on in the real world meanwhile.  To write ::

    from zope.testrunner.system.originals import os, time

gives namespaces with all that the modules of these names had when this one was imported.  They are no modules, so that none
of the tools above finds them.  ``select``, ``subprocess`` and ``threading``, which few runs need, are taken when they are
first asked for; a module of the runner that needs them is imported before any test is.

What has been replaced even before that, as by a script that begins with ``eventlet.monkey_patch()``, is taken from a copy of
the module that nobody else has.

The time of day, ``time.time()``, is counted on from the time of day at the import, since time-machine changes what every
function says of it; it does not change ``time.perf_counter`` (3.6.0).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    import os
    import select
    import signal
    import subprocess
    import threading
    import time
    from typing import Any

__all__ = ["io", "os", "select", "signal", "subprocess", "threading", "time"]


class _Namespace:
    """What a module had."""

    def __init__(self, name: str, *contents: Mapping[str, object]) -> None:
        for content in contents:
            vars(self).update(content)
        vars(self)["__name__"] = f"{name} before all tests"

    def __repr__(self) -> str:
        return f"<{vars(self)['__name__']}>"


#: Functions of C that are looked at to see whether somebody has been there before, by module.
_SAMPLES: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "monotonic", "perf_counter", "sleep"),
    "select": ("select", "poll"),
    "signal": (),
    "threading": (),
    "io": (),
}


def _contents(name: str) -> dict[str, object]:
    """What a module has, or if that has been replaced, what a new copy of the module has."""
    module = sys.modules.get(name) or __import__(name)
    if all(type(getattr(module, each, None)) is BuiltinFunctionType for each in _SAMPLES[name]):
        return vars(module)
    return vars(_copy(module))


def _copy(module: ModuleType) -> ModuleType:
    spec = module.__spec__
    if spec is None or spec.loader is None:
        return module
    from importlib.util import module_from_spec

    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def _of_subprocess() -> _Namespace:
    """A copy of ``subprocess``, whose functions use what is original here."""
    import subprocess as module

    copy = _copy(module)
    here = sys.modules[__name__]
    for name in ("io", "os", "signal", "threading", "time"):
        if hasattr(copy, name):
            setattr(copy, name, getattr(here, name))
    return _Namespace("subprocess", vars(copy))


def _of_os() -> _Namespace:
    """``os`` with the functions of the system themselves: what others put in their place, they put into ``os``."""
    import os as module

    system = sys.modules.get("posix") or sys.modules.get("nt")
    # The environment is one mapping for all, which the system's module has in another form.
    own = {name: each for name, each in vars(system).items() if hasattr(module, name) and name != "environ"}
    return _Namespace("os", vars(module), own)


def _of_time() -> _Namespace:
    contents = _contents("time")
    perf_counter: Any = contents["perf_counter"]
    now: Any = contents["time"]

    # Defaults are looked up faster than names of an enclosing function.
    def time(count: Any = perf_counter, begin: float = now() - perf_counter()) -> Any:  # noqa: ANN401
        """The seconds since the epoch."""
        return begin + count()

    return _Namespace("time", contents, {"time": time})


if not TYPE_CHECKING:
    io = _Namespace("io", _contents("io"))
    os = _of_os()
    signal = _Namespace("signal", _contents("signal"))
    time = _of_time()

    def __getattr__(name: str) -> _Namespace:
        if name not in ("select", "subprocess", "threading"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        namespace = _of_subprocess() if name == "subprocess" else _Namespace(name, _contents(name))
        globals()[name] = namespace
        return namespace
