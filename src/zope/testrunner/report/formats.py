"""Which outputs the options ask for, and what writes each: formats by name, and the files of a run.

A *format* is a name and a factory: ``factory(options, target)`` returns a sink (`core.bus.Sink`) that writes
to the file ``target``, an absolute path, or to standard output if that is None.  Those of this package are in `FORMATS`;
other distributions add theirs as entry points in the group ``zope.testrunner.formatters``.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping

from zope.testrunner.core.config import from_start
from zope.testrunner.exceptions import ReporterError, UsageError
from zope.testrunner.system.originals import os
from zope.testrunner.system.value_class import Record
from zope.testrunner.system.without_typing import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.report.console.text import OutputFormatter
    from zope.testrunner.report.formatter_protocol import Settings

    Factory = Callable[[argparse.Namespace, str | None], Sink]

#: Where other distributions say which formats they have.
GROUP = "zope.testrunner.formatters"

#: The formats of this package, as ``module:factory``; setup.py has the same list.
FORMATS: Mapping[str, str] = {
    "color": "zope.testrunner.report.file_output:color",
    "event-log": "zope.testrunner.report.eventlog:event_log",
    "github": "zope.testrunner.report.github:github",
    "junit": "zope.testrunner.report.xml.junit:junit",
    "subunit": "zope.testrunner.report.subunit.formatters:version_1",
    "subunit-v2": "zope.testrunner.report.subunit.formatters:version_2",
    "text": "zope.testrunner.report.file_output:text",
    "xml": "zope.testrunner.report.xml.junit:directory",
}

#: Formats that people read, which are the usual ones on standard output.
_FOR_PEOPLE = ("text", "color")


class Choice(Record):
    """One output that was asked for: a format, the file to write (None: standard output), and the words that asked."""

    name: str
    target: str | None
    words: str


class Named(Record):
    """A sink with the words that asked for it."""

    words: str
    sink: Sink


class Console(Record):
    """What standard output is for.

    ``formatter`` becomes ``options.output``.  ``sinks`` write there too.
    """

    formatter: object
    sinks: tuple[Named, ...] = ()


def formatter_for(options: Settings) -> OutputFormatter:
    """The formatter for people that the options ask for."""
    if getattr(options, "color", False):
        from zope.testrunner.report.console.color_text import ColorfulOutputFormatter

        return ColorfulOutputFormatter(options)
    from zope.testrunner.report.console.text import OutputFormatter

    return OutputFormatter(options)


def choices(options: object) -> tuple[Choice, ...]:
    """The outputs that the options ask for, whichever way that is spelled; none means text on standard output."""
    found = []
    for words in getattr(options, "formats", None) or ():
        name, _, target = words.partition("=")
        found.append(Choice(name, None if target in ("", "-") else target, f"--format {words}"))
    for name, dest in (("subunit", "subunit"), ("subunit-v2", "subunit_v2")):
        if getattr(options, dest, False):
            found.append(Choice(name, None, f"--{name}"))
    for name, dest, flag in (
        ("xml", "xmlOutput", "--xml"),
        ("junit", "junit_xml", "--junit-xml"),
        ("event-log", "event_log", "--event-log"),
    ):
        target = getattr(options, dest, None)
        if target is not None:
            found.append(Choice(name, target, f"{flag} {target}"))
    on_console = {choice.name for choice in found if choice.target is None}
    if os.environ.get("GITHUB_ACTIONS") == "true" and on_console.issubset(_FOR_PEOPLE):
        found.append(Choice("github", None, "GITHUB_ACTIONS=true"))
    return tuple(found)


def is_for_programs(options: object) -> bool:
    """Whether a program reads standard output, so that nothing else may get into it."""
    return any(
        choice.target is None
        and choice.name not in _FOR_PEOPLE
        and not getattr(factory_of(choice), "beside_text", False)
        for choice in choices(options)
    )


def console_for(options: argparse.Namespace) -> Console:
    """What is written to standard output.

    A format may have ``beside_text = True`` on its factory, which tells that its output goes along with text for people.
    Any other one has standard output for itself.  Raises `UsageError` if several want that.
    """
    wanted = [choice for choice in choices(options) if choice.target is None]
    if not wanted:
        return Console(formatter_for(options))
    sinks: list[Named] = []
    only: tuple[Choice, Factory] | None = None
    words: str | None = None
    text = formatter_for(options)
    for choice in wanted:
        factory = _text_factory if choice.name in _FOR_PEOPLE else factory_of(choice)
        if getattr(factory, "beside_text", False):
            sinks.append(Named(choice.words, _made(choice, factory, options)))
            continue
        if words is not None:
            raise UsageError(f"{words} and {choice.words} both write to standard output; give one of them a file: =FILE")
        words = choice.words
        if choice.name == "color":
            from zope.testrunner.report.console.color_text import ColorfulOutputFormatter

            text = ColorfulOutputFormatter(options)
        elif choice.name not in _FOR_PEOPLE:
            only = choice, factory
    if only is None:
        return Console(text, tuple(sinks))
    if sinks:
        raise UsageError(f"{sinks[0].words} adds to text, but {words} has standard output for itself; give it a file: =FILE")
    sink = _made(*only, options)
    if hasattr(type(sink), "start_test"):
        return Console(sink)
    from zope.testrunner.report.file_output import Silent

    return Console(Silent(), (Named(only[0].words, sink),))


def files_for(options: argparse.Namespace) -> tuple[Named, ...]:
    """The sinks that write files, opened.  Raises `UsageError` if one cannot be written, before anything is run."""
    made: list[Named] = []
    wanted = [choice for choice in choices(options) if choice.target is not None]
    try:
        for choice in wanted:
            sink = _made(choice, factory_of(choice), options)
            made.append(Named(choice.words, sink))
    except BaseException:
        for named in made:
            close(named.sink)
        raise
    return tuple(made)


def factory_of(choice: Choice) -> Factory:
    """The factory of a format.  Raises `UsageError` if there is none of this name, or if it cannot be imported."""
    known_factory = FORMATS.get(choice.name)
    try:
        if known_factory is not None:
            module, _, attribute = known_factory.partition(":")
            __import__(module)
            return cast("Factory", getattr(sys.modules[module], attribute))
        from importlib.metadata import entry_points

        found = {each.name: each for each in entry_points(group=GROUP)}
        if choice.name in found:
            return cast("Factory", found[choice.name].load())
    except Exception as error:
        raise UsageError(f"{choice.words}: this format cannot be used: {type(error).__name__}: {error}") from error
    known = ", ".join(sorted({*FORMATS, *found}))
    raise UsageError(f"{choice.words}: there is no format of that name; there are {known}")


def close(sink: Sink) -> None:
    """Tell a sink that nothing more will come, if it wants to know."""
    end = getattr(sink, "close", None)
    if end is not None:
        end()


class Files:
    """The sinks without which a run can go on: when one is broken it is named, dropped, and fails the run."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._open: list[Named] = []
        #: Whether one of them was broken.
        self.failed = False

    def add(self, sinks: Iterable[Named]) -> list[Sink]:
        """Take care of these."""
        added = list(sinks)
        self._open += added
        return [named.sink for named in added]

    def dropped(self, sink: Sink, error: Exception) -> bool:
        """Whether the run can go on without this sink, which has just raised an error."""
        for named in self._open:
            if named.sink is sink:
                self._open = [each for each in self._open if each is not named]
                with contextlib.suppress(Exception):
                    # What it has is incomplete, and it has complained already.
                    close(sink)
                self._broken(named, error)
                return True
        return False

    def close(self) -> None:
        """Close those that are still good."""
        while self._open:
            named = self._open.pop(0)
            try:
                close(named.sink)
            except Exception as error:
                self._broken(named, error)

    def _broken(self, named: Named, error: Exception) -> None:
        self.failed = True
        if isinstance(error, ReporterError) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        cause = error.strerror or str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        self._complain(f"{named.words} is broken and was left out from then on, which fails the run: {cause}\n")


def _made(choice: Choice, factory: Factory, options: argparse.Namespace) -> Sink:
    try:
        return factory(options, None if choice.target is None else from_start(options, choice.target))
    except UsageError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{choice.words}: cannot write {choice.target}: {reason}; name another file") from error
    except Exception as error:
        raise UsageError(f"{choice.words}: this format cannot be used: {type(error).__name__}: {error}") from error


def _text_factory(options: argparse.Namespace, target: str | None) -> Sink:
    raise AssertionError("text on standard output is made by formatter_for")
