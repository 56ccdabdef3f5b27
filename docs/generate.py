"""Write the parts of the documentation that follow from the code: options, events, public names, modules.

    python docs/generate.py            brings the pages up to date
    python docs/generate.py --check    only tells whether they are; a test of the project does that

A generated part stands between two comments, ``.. generated NAME`` and ``.. end of NAME``; what is around it is written by
hand.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol, get_args

from zope.testrunner import events, options
from zope.testrunner.system.value_class import Record

DOCS = Path(__file__).resolve().parent

#: The modules that projects import from, and the names they have for them: those of ``__all__`` where there is one.
PUBLIC = {
    "zope.testrunner": None,
    "zope.testrunner.runner": ("Runner", "layer_from_name", "order_by_bases", "gather_layers", "TestResult"),
    "zope.testrunner.options": ("get_options", "normalize_package"),
    "zope.testrunner.config": ("Config", "Selection", "Ordering", "Execution", "LeakPolicy", "Output"),
    "zope.testrunner.feature": ("Feature",),
    "zope.testrunner.interfaces": ("IFeature", "ITestRunner", "IMinimalTestLayer", "IFullTestLayer"),
    "zope.testrunner.layer": ("UnitTests",),
    "zope.testrunner.find": (
        "find_tests", "find_suites", "find_test_files", "tests_from_suite", "name_from_layer", "StartUpFailure",
    ),
    "zope.testrunner.filter": ("build_filtering_func",),
    "zope.testrunner.shuffle": ("shuffle", "permuted"),
    "zope.testrunner.debug": ("post_mortem",),
    "zope.testrunner.coverage": ("TestTrace", "TestIgnore"),
    "zope.testrunner.profiling": ("available_profilers", "CProfiler"),
    "zope.testrunner.model": (
        "Plan", "LayerPlan", "TestRef", "Problem", "Stats", "Outcome", "Reason", "Rejected", "ImportFailure", "Levels",
        "TearDownEnd", "Test",
    ),
    "zope.testrunner.formatter": ("OutputFormatter", "ColorfulOutputFormatter"),
    "zope.testrunner.leaks": None,
    "zope.testrunner.testing": ("RecordingSink", "FakeClock", "replay"),
    "zope.testrunner.exceptions": (
        "TestRunnerError", "UsageError", "DiscoveryError", "DuplicateTestIDError", "LayerError", "LayerNotFound",
        "CanNotTearDown", "WorkerError", "SubprocessError", "ReporterError", "EndRun",
    ),
}  # fmt: skip


# Options


def command_line() -> Iterator[str]:
    """Every option, by group."""
    for group in (options.searching, options.reporting, options.analysis, options.setup, options.other):
        yield from _title(str(group.title), "-")
        yield f"{_text(str(group.description)).rstrip('.')}."
        yield ""
        for action in group._group_actions:  # noqa: SLF001 - argparse has no other way to list them
            yield from _option(action)
    yield from _title("Positional arguments", "-")
    for action in options.parser._actions:  # noqa: SLF001 - as above
        if not action.option_strings:
            yield f"``{action.dest}``"
            yield f"    {_text(_help(action))}"
            yield ""


def _option(action: argparse.Action) -> Iterator[str]:
    metavar = action.metavar or action.dest.upper()
    value = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    if action.nargs == 0:
        value = ""
    elif value:
        value = f"[={value}]" if action.nargs == "?" else f" {value}"
    yield f".. option:: {', '.join(f'{flag}{value}' for flag in action.option_strings)}"
    yield ""
    yield f"   {_text(_help(action))}"
    yield ""
    facts = [f"Attribute ``{action.dest}``"]
    if action.nargs != 0:
        facts.append(f"default ``{action.default!r}``")
    yield f"   {'; '.join(facts)}."
    yield ""


def _help(action: argparse.Action) -> str:
    choices = ", ".join(map(str, action.choices)) if action.choices else ""
    return (action.help or "") % {"default": action.default, "choices": choices, "prog": "zope-testrunner"}


def _text(text: str) -> str:
    """Plain text as reStructuredText, options as literals."""
    text = re.sub(r"([*`|\\])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--?[A-Za-z0-9][\w-]*(?:=[-\w:]*\w)?)", r"``\1``", text)


# Events


def event_list() -> Iterator[str]:
    """Every kind of event, in the order in which a run has them."""
    for kind in get_args(events.Event):
        fields = [field for field in kind.FIELDS if field not in ("at", "worker")]
        yield f".. py:class:: {kind.__name__}({_fields(kind, fields)})"
        yield ""
        yield from _indented(inspect.getdoc(kind) or "")
        for field in fields:
            yield f"   :param {field}: ``{kind.__annotations__[field]}``"
        if fields:
            yield ""
    for name in ("Left", "Importance"):
        yield from _member("zope.testrunner.events", name, getattr(events, name))


def _fields(kind: type[Record], fields: Iterable[str]) -> str:
    defaults = {field: _shown(value) for field, value in kind.DEFAULTS.items()}
    return ", ".join(f"{field}={defaults[field]}" if field in defaults else field for field in fields)


def _shown(value: object) -> str:
    """A default value; records that are made of their own defaults are short."""
    return f"{type(value).__name__}()" if isinstance(value, Record) and value == type(value)() else repr(value)


# Public names


def public_names() -> Iterator[str]:
    """Every module of `PUBLIC` with its names."""
    for module_name, names in PUBLIC.items():
        module = import_module(module_name)
        yield from _title(f"``{module_name}``", "-")
        yield f".. py:module:: {module_name}"
        yield ""
        yield from _paragraph(module)
        for name in names or module.__all__:
            yield from _member(module_name, name, getattr(module, name))


def _paragraph(module: ModuleType) -> Iterator[str]:
    yield (inspect.getdoc(module) or "").partition("\n\n")[0]
    yield ""


def _member(module_name: str, name: str, value: object) -> Iterator[str]:
    """A public name with its signature, its docstring and its methods."""
    if inspect.isfunction(value):
        yield f".. py:function:: {name}{_signature(value)}"
        yield ""
        yield from _indented(_importing(module_name, name, inspect.getdoc(value) or ""))
    elif inspect.isclass(value):
        yield f".. py:class:: {name}{_of_class(value)}"
        yield ""
        yield from _indented(_importing(module_name, name, _own_doc(value)))
        if issubclass(value, Enum):
            for member in value:
                yield f"   .. py:attribute:: {member.name}"
                yield f"      :value: {member.value!r}"
                yield ""
        else:
            yield from _methods(value)
    elif hasattr(value, "names"):
        yield from _interface(name, value)
    else:
        # A constant: its comment is in the source.
        yield f".. py:data:: {name}"
        yield ""


def _own_doc(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _of_class(kind: type) -> str:
    if issubclass(kind, Enum) or kind.__init__ is Protocol.__init__ or getattr(kind, "_is_protocol", False):
        return ""
    if issubclass(kind, Record):
        return f"({_fields(kind, kind.FIELDS)})"
    if issubclass(kind, tuple):
        defaults: dict[str, object] = kind._field_defaults  # type: ignore[attr-defined]  # noqa: SLF001 - its public name
        names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        return f"({', '.join(f'{name}={defaults[name]!r}' if name in defaults else name for name in names)})"
    if "__init__" in vars(kind):
        return _signature(kind.__init__, method=True)
    return ""


def _methods(kind: type) -> Iterator[str]:
    if issubclass(kind, BaseException):
        return
    for name, value in _own_and_assembled(kind).items():
        function = getattr(value, "__func__", value)
        doc = getattr(function, "__doc__", None)
        if name.startswith("_") or not doc or isinstance(value, type):
            continue
        if isinstance(value, property):
            yield f"   .. py:property:: {name}"
        elif inspect.isfunction(function):
            decorator = "classmethod" if isinstance(value, classmethod) else "method"
            yield f"   .. py:{decorator}:: {name}{_signature(function, method=True)}"
        else:
            continue
        yield ""
        for line in _indented(inspect.cleandoc(doc)):
            yield f"   {line}" if line else ""


#: Modules of bases that are there only to divide a public class over files.
_PARTS = ("zope.testrunner.assembly.run_results", "zope.testrunner.report.console.text_formatting")


def _own_and_assembled(kind: type) -> dict[str, object]:
    """What a class defines, after that of its bases which are there only to divide it over files."""
    parts = [base for base in kind.__bases__ if base.__module__ in _PARTS] + [kind]
    return {name: value for part in parts for name, value in vars(part).items()}


def _interface(name: str, interface: object) -> Iterator[str]:
    """An interface of zope.interface: what it asks for."""
    yield f".. py:class:: {name}"
    yield ""
    yield from _indented(inspect.cleandoc(getattr(interface, "__doc__", "")))
    for member in interface.names():  # type: ignore[attr-defined]  # zope.interface is not typed
        described = interface[member]  # type: ignore[index]  # as above
        signature = getattr(described, "getSignatureString", None)
        shown = f"``{member}{signature() if signature else ''}``"
        if member != "__init__":
            yield f"   - {shown}: {described.__doc__.strip()}"
    yield ""


def _signature(function: object, method: bool = False) -> str:
    signature = inspect.signature(function)  # type: ignore[arg-type]  # whatever has a signature
    parameters = list(signature.parameters.values())[1 if method else 0 :]
    plain = [parameter.replace(annotation=_Plain.of(parameter.annotation)) for parameter in parameters]
    constructor = getattr(function, "__name__", "") == "__init__"
    returned = inspect.Signature.empty if constructor else _Plain.of(signature.return_annotation)
    return str(signature.replace(parameters=plain, return_annotation=returned))


class _Plain:
    """An annotation that shows itself as it was written."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, annotation: object) -> object:
        return cls(annotation) if isinstance(annotation, str) else annotation

    def __repr__(self) -> str:
        return self.text


def _importing(module_name: str, name: str, doc: str) -> str:
    """The docstring with its examples made to run on their own."""
    before, prompt, after = doc.partition(">>> ")
    return f"{before}>>> from {module_name} import {name}\n>>> {after}" if prompt else doc


# Modules


def module_map() -> Iterator[str]:
    """Every module, by directory, with the first sentence of its docstring."""
    package = Path(str(import_module("zope.testrunner").__file__)).parent
    for directory in (package, package / "execution", package / "leaks", package / "report"):
        prefix = ".".join(["zope", "testrunner", *directory.relative_to(package).parts])
        for path in sorted(directory.glob("*.py")):
            if path.stem != "__main__":
                name = prefix if path.stem == "__init__" else f"{prefix}.{path.stem}"
                yield f"``{name.removeprefix('zope.')}``"
                yield f"    {_summary(path)}"
        yield ""


def _summary(path: Path) -> str:
    """The first paragraph of a module's docstring, without importing it."""
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(doc.partition("\n\n")[0].split())


# Pages


def _title(text: str, line: str) -> Iterator[str]:
    yield text
    yield line * len(text)
    yield ""


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"   {line}" if line else ""
    yield ""


GENERATED = {
    "reference/command-line.rst": ("options", command_line),
    "reference/events.rst": ("events", event_list),
    "reference/python-api.rst": ("names", public_names),
    "explanation/architecture.rst": ("modules", module_map),
}


def updated(page: str, name: str, lines: Iterable[str]) -> str:
    """The page with this generated part."""
    begin, end = f".. generated {name}\n", f".. end of {name}\n"
    before, found, rest = page.partition(begin)
    _, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"there is no place for generated {name}: {begin.strip()!r} and {end.strip()!r} are missing")
    text = "".join(f"{line.rstrip()}\n" for line in lines).rstrip("\n")
    return f"{before}{begin}\n{text}\n\n{end}{after}"


def main(arguments: list[str]) -> int:
    """Bring the pages up to date, or with ``--check`` tell which are not."""
    check = arguments == ["--check"]
    stale = 0
    for file, (name, make) in GENERATED.items():
        page = DOCS / file
        before = page.read_text(encoding="utf-8")
        after = updated(before, name, make())
        if after != before:
            stale += 1
            if check:
                print(f"docs/{file} is not up to date; run `python docs/generate.py`")
            else:
                page.write_text(after, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
