"""What becomes of the log records of tested code: what a configuration file says, or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature
from zope.testrunner.system.import_hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import NullHandler

    from zope.testrunner.core.run import Run

__all__ = ["Logging", "NullHandler"]

#: Names a configuration file; set for child processes if one is found.
_VARIABLE = "ZOPE_TESTRUNNER_LOG_INI"


class Logging(Feature):
    """Configures logging before any test is imported.

    If the environment variable ``ZOPE_TESTRUNNER_LOG_INI`` names a file, or there is a ``log.ini`` in the current
    directory, it is read with `logging.config.fileConfig`.  Otherwise records go nowhere, as they would clutter the
    output.  The environment variable ``LOGGING`` may be a number, the level of the root logger.
    """

    active = True

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._forget: Callable[[], None] | None = None

    def global_setup(self: Logging | None) -> None:
        """Configure logging; works without a run as well, as ``Logging.global_setup(None)``."""
        path = _configuration()
        forget = None
        if path is None:
            # Nobody logs before `logging` is imported, so there is no need to import it for this.
            forget = when_imported("logging", swallow_records)
        else:
            _configure(path)
        level = os.environ.get("LOGGING")
        if level:
            _set_level(level)
        if self is not None:
            self._forget = forget

    def global_teardown(self) -> None:
        # The handler stays: threads may still be logging when the run is over.
        if self._forget is not None:
            self._forget()


def swallow_records() -> None:
    """Add a handler that does nothing to the root logger, unless it has one already.

    Without any, Python would print warnings and errors to standard error.
    """
    import logging

    if not any(isinstance(handler, logging.NullHandler) for handler in logging.root.handlers):
        logging.root.addHandler(logging.NullHandler())


def _configuration() -> str | None:
    named = os.environ.get(_VARIABLE)
    if named and not os.path.exists(named):
        import warnings

        # Programs may look for this text; the single quotation mark has always been in it.
        warnings.warn(f"ERROR: file specified by envvar {_VARIABLE}` does not exist", stacklevel=2)
        named = None
    path = os.path.abspath(named or "log.ini")
    return path if os.path.exists(path) else None


def _configure(path: str) -> None:
    import logging.config

    # Children may have another current directory.
    os.environ[_VARIABLE] = path
    try:
        logging.config.fileConfig(path, disable_existing_loggers=False)
    except Exception as error:
        # On one line, which the text of a parser's complaint is not.
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise UsageError(f"Cannot configure logging from {path}: {text}; mend or remove the file", status=1) from error


def _set_level(text: str) -> None:
    try:
        level = int(text)
    except ValueError:
        raise UsageError(
            f"The environment variable LOGGING is {text!r}, which is not a whole number; 10 is the level of debugging "
            "messages, 30 that of warnings",
            status=1,
        ) from None
    import logging

    logging.root.setLevel(level)


def __getattr__(name: str) -> object:
    if name == "NullHandler":
        import logging

        return logging.NullHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
