"""Doing something at the moment a module is imported, rather than importing it for that.

Most test runs need no `logging`, `doctest` or `pdb`, and importing them would be a good part of the time it takes to start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import Loader


def when_imported(name: str, action: Callable[[], object]) -> Callable[[], None]:
    """Call ``action`` as soon as the module has been imported: at once, if it is there already.

    Returns a function that gives up waiting.
    """
    if name in sys.modules:
        action()
        return _nothing
    waiting = _Waiting(name, action)
    sys.meta_path.insert(0, waiting)
    return waiting.give_up


def _nothing() -> None:
    """There is nothing to wait for any more."""


class _Waiting:
    """An import finder that finds one module, the way the others would, and adds something to its execution."""

    def __init__(self, name: str, action: Callable[[], object]) -> None:
        self._name = name
        self._action = action

    def give_up(self) -> None:
        """Let the module be imported without any ado."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by the import system for each module that is not there yet."""
        if fullname != self._name:
            return None
        self.give_up()
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._action)  # type: ignore[assignment]  # as far as needed
                return spec
        return None


class _Loader:
    """Executes a module with its real loader, hands it over to that one, and then does what is to be done."""

    def __init__(self, loader: Loader, action: Callable[[], object]) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Called by the import system."""
        spec.loader = self._loader
        try:
            return self._loader.create_module(spec)
        finally:
            spec.loader = self  # type: ignore[assignment]

    def exec_module(self, module: ModuleType) -> None:
        """Called by the import system."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._action()
