"""``zope-testrunner replay FILE [options]``: a recorded run, reported as if it happened now.

Nothing is discovered and no test is run.  The options are those of any run; only what they say about reports counts.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import Emit, Event, RunFinished
from zope.testrunner.exceptions import UsageError
from zope.testrunner.options import TABLES, get_options, parser, reporting
from zope.testrunner.report.eventlog import BadLog, header_of, recorded
from zope.testrunner.report.formats import Files, console_for, files_for
from zope.testrunner.report.formatter_adapter import FormatterAdapter
from zope.testrunner.report.tally import Tally

#: The word on the command line that asks for this.
COMMAND = "replay"

INTERRUPTED = 130


def replay(arguments: Sequence[str], defaults: Sequence[str] | None = None) -> int:
    """Replay as a command line says, which begins with the program's name and the word ``replay``; return the exit status.

    The status is that of the recorded run, and 1 if the log is damaged, of which a line on standard error tells.  Raises
    `UsageError` for words that make no sense and for files that cannot be read or written.
    """
    name, words = arguments[2:3], [arguments[0], *arguments[3:]]
    if not name or (name[0].startswith("-") and name[0] != "-"):
        # Somebody asks for help, perhaps.
        get_options([arguments[0], *arguments[2:]], list(defaults or ()))
        raise UsageError(f"{COMMAND} needs the name of a file that --event-log has made: {COMMAND} FILE [options]")
    options = get_options(words, None if defaults is None else list(defaults))
    if options.legacy_module_filter is not None:
        raise UsageError(f"{COMMAND} takes one file, and does not know what to do with {options.legacy_module_filter!r}")
    other = without_effect(words[1:])
    if other is not None:
        raise UsageError(f"{COMMAND} shows a recorded run as it was, so that {other} has no effect; leave it out")
    shown = "standard input" if name[0] == "-" else name[0]
    with _opened(name[0]) as log:
        try:
            options.recorded_host = header_of(log.readline(), shown).host
        except BadLog as error:
            return _damaged(error)
        console = console_for(options)
        tally, files, last = Tally(), Files(_complain), _Last()
        bus = Bus(
            [
                tally,
                FormatterAdapter(lambda: console.formatter),
                *files.add(console.sinks),
                *files.add(files_for(options)),
                last,
            ],
            files.dropped,
        )
        status = 0
        try:
            for event in recorded(log, shown):
                bus.emit(event)
        except BadLog as error:
            sys.stdout.flush()
            status = _damaged(error)
        finally:
            files.close()
    if status or files.failed or last.event is None:
        return 1
    if last.event.interrupted:
        return INTERRUPTED
    return 0 if last.event.listing or tally.is_successful else 1


def without_effect(words: Sequence[str]) -> str | None:
    """The first option among these words that says nothing about reports, as it is spelled first; None if there is none."""
    given, usual = parser.parse_args(words), parser.parse_args([])
    for group, _ in TABLES:
        if group is reporting:
            continue
        for action in group._group_actions:  # noqa: SLF001  # argparse has no other way to ask
            if _comparable(getattr(given, action.dest)) != _comparable(getattr(usual, action.dest)):
                return str(action.option_strings[0])
    return None


def _comparable(value: object) -> object:
    """Of the search function of a regular expression, the expression."""
    return getattr(value, "__self__", value)


class _Last:
    """A sink that keeps the end of the run."""

    event: RunFinished | None = None

    def takes(self, kind: type[Event]) -> Emit | None:
        """The end."""
        return self._take if kind is RunFinished else None  # type: ignore[return-value]  # asked for its own kind only

    def _take(self, event: RunFinished) -> None:
        if event.worker == 0:
            self.event = event


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        log = open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"Cannot read {name}: {error.strerror}; give the file that --event-log has made") from None
    with log:
        yield log


def _damaged(error: BadLog) -> int:
    _complain(f"{error}\n")
    return 1


def _complain(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
