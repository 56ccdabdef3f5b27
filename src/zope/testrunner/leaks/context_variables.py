"""Context variables by name, and what they hold: nothing of Python refers to the context that a thread is in."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from contextvars import Context, ContextVar, copy_context
from types import ModuleType

from zope.testrunner.leaks.attributes import module_namespace


def written_variable(variable: ContextVar[object]) -> str:
    """The name of a context variable, with its module if it is there by that name."""
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType:
            for key, value in list(module_namespace(module).items()):
                if value is variable:
                    return f"{name}.{key}"
    return f"<ContextVar {variable.name!r}>"


def found_in_contexts(reached: Container[int], contexts: list[Context]) -> Iterator[tuple[str, object]]:
    """Expressions for values of the current context, and of these others, that are among those reached; and the values."""
    for variable, value in copy_context().items():
        if id(value) in reached:
            yield f"{written_variable(variable)}.get()", value
    for context in contexts:
        for variable, value in context.items():
            if id(value) in reached:
                yield f"<{written_variable(variable)}.get() in another context>", value
