"""What the imports of test modules leave in this process that copies of it would share: `ImportTraces`.

A directory that `tempfile.mkdtemp` made, an open file, a bound socket, a running program, the number of the process in a
name: modules that make such things as they are imported expect to have them for themselves.  When tests are divided over
copies of the process that has imported them, they would not.  What is at a place that every process would use alike is no
such thing.

Audit events (https://docs.python.org/3/library/audit_events.html) tell of most of it.  A hook for them cannot be removed;
out of work, it costs 0.2 microseconds for each event, which is a twentieth of what opening and closing a file takes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Final

from zope.testrunner.system.originals import os

#: Events that tell of something with a name that no other process would give.
_TEMPORARY: Final = {"tempfile.mkdtemp": "the temporary directory", "tempfile.mkstemp": "the temporary file"}
#: Events whose first argument is a path, which is interesting if the number of the process is in it.
_PATHS: Final = frozenset({"open", "os.mkdir", "sqlite3.connect"})
#: Events that tell who may be responsible for a new descriptor, or for a new process.
_OPENERS: Final = frozenset({"open", "socket.__new__", "sqlite3.connect"})
_STARTERS: Final = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})
_WANTED: Final = frozenset(_TEMPORARY) | _PATHS | _OPENERS | _STARTERS

#: Devices that have nothing to share.
_HARMLESS: Final = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty")

#: What is opened to import something.
_SOURCES: Final = (".py", ".pyc", ".so", ".pyd")

#: So many modules are looked through for what a module depends on.
_MOST_MODULES: Final = 3000

_PACKAGE: Final = "zope.testrunner."


class ImportTraces:
    """Watches imports from `begin` to `finish`, and then tells which test modules have to stay in one process.

    ``begin`` is called before each test module is imported.
    """

    def __init__(self) -> None:
        #: What modules made, in words, by the name of the module.
        self.made: dict[str, list[str]] = {}
        self._module = ""
        self._paths: list[tuple[str, str, str]] = []
        self._openers: list[str] = []
        self._starters: list[str] = []
        self._descriptors: frozenset[str] = frozenset()
        self._loaded = 0
        self._begun: list[str] = []
        self._keys: dict[str, str] | None = None
        self._number = re.compile(rf"(?<!\d){os.getpid()}(?!\d)")

    def begin(self, name: str) -> None:
        """This module is imported next, and the one before has been."""
        if self._module:
            self._look()
        else:
            _watch(self)
        self._module = name
        self._begun.append(name)
        self._descriptors = _descriptors()
        self._loaded = len(sys.modules)
        self._paths.clear()
        self._openers.clear()
        self._starters.clear()

    def finish(self) -> None:
        """The last module has been imported."""
        if self._module:
            self._look()
        _watch(None)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit event of interest has been raised, two frames above."""
        maker = self._maker(sys._getframe(2))
        what = _TEMPORARY.get(event)
        path = str(arguments[0]) if arguments and isinstance(arguments[0], str) else ""
        if what is not None:
            self._paths.append((maker, what, path))
        elif event in _PATHS and path and "__pycache__" not in path and self._number.search(path):
            self._paths.append((maker, "a name with the number of the process,", path))
        if event in _OPENERS and not path.endswith(_SOURCES):
            self._openers.append(maker)
        if event in _STARTERS:
            self._starters.append(maker)

    def _maker(self, frame: Any) -> str:  # noqa: ANN401
        """The module that is being imported, the innermost; the test module, if it is none: a function of it was called."""
        while frame is not None:
            name = str(frame.f_globals.get("__name__", ""))
            if name.startswith(_PACKAGE):
                break
            if frame.f_code.co_name == "<module>":
                return name
            frame = frame.f_back
        return self._module

    def _look(self) -> None:
        """See what there is now that was not there before."""
        loaded = list(sys.modules)[self._loaded :]
        # Whoever else was on the way to here has been imported before.
        known = {*loaded, self._module}
        for maker, what, path in self._paths:
            if os.path.lexists(path):
                self._add(maker if maker in known else self._module, f"{what} {path}")
        new = _shown(_descriptors() - self._descriptors)
        for maker in ([each for each in dict.fromkeys(self._openers) if each in known] or [self._module]) if new else ():
            self._add(maker, f"an open {', '.join(new)}")
        if self._starters and _has_children():
            for maker in dict.fromkeys(self._starters):
                self._add(maker if maker in known else self._module, "a running child process")
        for name in loaded:
            self._look_for_number(name)

    def _look_for_number(self, name: str) -> None:
        module = sys.modules.get(name)
        if type(module) is not ModuleType or name.partition(".")[0] in sys.stdlib_module_names:
            return
        for key, value in list(vars(module).items()):
            if (type(value) is str and not key.startswith("__") and self._number.search(value)) or (
                type(value) is int and value == os.getpid() and "pid" in key.lower()
            ):
                self._add(name, f"{key}, in which there is the number of the process")

    def _add(self, maker: str, what: str) -> None:
        if getattr(sys.modules.get(maker), "splittable", None) is not True:
            words = self.made.setdefault(maker, [])
            if what not in words:
                words.append(what)

    # What follows from it

    def key(self, module: str) -> str | None:
        """What names the tests that have to stay together with those of this module; None if its tests may be divided."""
        setting = getattr(sys.modules.get(module), "splittable", None)
        if setting is True:
            return None
        if setting is False:
            return self._key_of(module) or module
        return self._key_of(module) if self.made else None

    def why(self, module: str) -> str:
        """In words, what keeps the tests of this module together."""
        if getattr(sys.modules.get(module), "splittable", None) is False:
            return "it says splittable = False"
        makers = self._makers_of(module)
        first = makers[0]
        what = self.made[first][0]
        return f"its import made {what}" if first == module else f"{first}, which it uses, made {what} when it was imported"

    def _key_of(self, module: str) -> str | None:
        """The name of the first of all makers that belong together because some module uses several of them."""
        if self._keys is None:
            self._keys = {name: name for name in self.made}
            for each in self._begun:
                makers = self._makers_of(each)
                merged = {self._keys[name] for name in makers}
                for name, key in self._keys.items():
                    if key in merged:
                        self._keys[name] = min(merged)
        makers = self._makers_of(module)
        return self._keys[makers[0]] if makers else None

    def _makers_of(self, module: str) -> list[str]:
        if module in self.made:
            return [module, *(name for name in self._uses(module) if name != module)]
        return self._uses(module)

    def _uses(self, module: str) -> list[str]:
        """The modules that made something, and that this module leads to."""
        if not self.made.keys() - {module}:
            return []
        seen, waiting, found = {module}, [module], []
        while waiting and len(seen) < _MOST_MODULES:
            name = waiting.pop()
            if name in self.made:
                found.append(name)
            for each in _named_in(sys.modules.get(name)):
                if each not in seen and each.partition(".")[0] not in sys.stdlib_module_names:
                    seen.add(each)
                    waiting.append(each)
        return found


def _named_in(module: object) -> Iterable[str]:
    """The names of modules that a module has, or has something from."""
    if type(module) is not ModuleType:
        return
    for value in list(vars(module).values()):
        if type(value) is ModuleType:
            yield value.__name__
        else:
            name = getattr(value, "__module__", None) if isinstance(value, type) or callable(value) else None
            if type(name) is str:
                yield name


class _Hook:
    """The hook of this process, which cannot be removed; ``present`` has who listens, if anybody does."""

    def __init__(self) -> None:
        self.present: list[ImportTraces] = []
        sys.addaudithook(self._function())

    def _function(self) -> Callable[[str, tuple[Any, ...]], None]:
        present, wanted = self.present, _WANTED

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if present and event in wanted:
                traces = present[0]
                # What is done here raises events as well.
                present.clear()
                try:
                    traces.note(event, arguments)
                finally:
                    present.append(traces)

        return hook


_hooks: Final[list[_Hook]] = []


def _watch(traces: ImportTraces | None) -> None:
    if traces is not None and not _hooks:
        _hooks.append(_Hook())
    for hook in _hooks:
        hook.present[:] = () if traces is None else (traces,)


def _descriptors() -> frozenset[str]:
    """The numbers of what is open; none where the system does not list them."""
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:
        return frozenset()
    for number in sorted(map(int, numbers)):
        try:
            os.fstat(number)
        except OSError:
            # The first that is free was that of the listing.
            numbers.remove(str(number))
            break
    return frozenset(numbers)


def _shown(numbers: Iterable[str]) -> list[str]:
    """What is open by these numbers, as far as it can be shared."""
    found = []
    for number in numbers:
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if not target.startswith(_HARMLESS):
            found.append(target)
    return found


def _has_children() -> bool:
    from zope.testrunner.system.processes import children_of

    return bool(children_of(os.getpid()))
