"""What an item does while nobody notices: without reports, output and log records, and with a time limit of its own."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pluggy
import pytest

# Other plugins that run items again have been using these for many years.
from _pytest.junitxml import xml_key
from _pytest.logging import LogCaptureHandler

#: What is reported while an item runs, and must not be reported again: sub-tests, and problems to debug.
_REPORT_HOOKS: Final = ("pytest_runtest_logreport", "pytest_exception_interact")


@contextmanager
def collected_reports(config: pytest.Config) -> Iterator[list[pytest.TestReport]]:
    """Collect the reports of an item instead of passing them on, and that it is finished; sub-tests are reported at once."""
    reports: list[pytest.TestReport] = []
    callers = [config.hook.pytest_runtest_logreport, config.hook.pytest_runtest_logfinish]
    hook_lists = [getattr(caller, "_hookimpls", []) for caller in callers]
    listeners = [each.copy() for each in hook_lists]

    def restore() -> None:
        for each, old in zip(hook_lists, listeners, strict=True):
            each[:] = old

    collector = _Collector(reports, callers[0], restore)
    for each in hook_lists:
        each.clear()
    config.pluginmanager.register(collector)
    collector.own = hook_lists[0].copy()
    try:
        yield reports
    finally:
        config.pluginmanager.unregister(collector)
        restore()


class _Collector:
    """Collects the reports of a run."""

    def __init__(
        self, reports: list[pytest.TestReport], report_hook: pluggy.HookCaller, restore: Callable[[], None]
    ) -> None:
        self.own: list[pluggy.HookImpl] = []
        self._reports = reports
        self._report_hook = report_hook
        self._restore = restore

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember it, unless it is that of a part."""
        if type(report) is pytest.TestReport:
            self._reports.append(report)
            return
        self._restore()
        try:
            self._report_hook(report=report)
        finally:
            getattr(self._report_hook, "_hookimpls", [])[:] = self.own


@contextmanager
def unnoticed(config: pytest.Config) -> Iterator[None]:
    """Drop what is written, logged, warned of and reported meanwhile."""
    hook_lists = [getattr(getattr(config.hook, name), "_hookimpls", []) for name in _REPORT_HOOKS]
    listeners = [each.copy() for each in hook_lists]
    streams = _open_streams(config)
    handlers, capturing = _live_handlers(config), _capturing_handlers(config)
    with warnings.catch_warnings(record=True), open(os.devnull, "w", encoding="utf-8") as nowhere:
        shown = [getattr(holder, name) for holder, name in streams]
        for holder, name in streams:
            setattr(holder, name, nowhere)
        for handler in handlers:
            handler.addFilter(_reject)
        xml = config.stash.get(xml_key, None)
        properties = [] if xml is None else xml.global_properties.copy()
        kept = [(handler, handler.records, handler.stream) for handler in capturing]
        for each in hook_lists:
            each.clear()
        try:
            yield
        finally:
            for each, old in zip(hook_lists, listeners, strict=True):
                each[:] = old
            for handler in handlers:
                handler.removeFilter(_reject)
            if xml is not None:
                xml.global_properties[:] = properties
            # Every run has others, and the last would be taken for what it leaves.
            for catcher, records, stream in kept:
                catcher.records, catcher.stream = records, stream
            for (holder, name), stream in zip(streams, shown, strict=True):
                setattr(holder, name, stream)


@contextmanager
def timed(item: pytest.Item) -> Iterator[None]:
    """With a limit of its own from pytest-timeout, if there is one."""
    plugin = _plugin(item.config, "timeout", "pytest_timeout")
    wrapped = getattr(plugin, "pytest_runtest_protocol", None)
    timer = wrapped(item) if wrapped is not None else iter(())
    next(timer, None)
    try:
        yield
    finally:
        next(timer, None)


def _plugin(config: pytest.Config, *names: str) -> object | None:
    """Another plugin, by the name of its entry point or of its module."""
    return next((found for name in names if (found := config.pluginmanager.get_plugin(name)) is not None), None)


def stop_timer(item: pytest.Item) -> None:
    """The limit that pytest-timeout has set is for one run."""
    cancel = getattr(item.config.hook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


def _open_streams(config: pytest.Config) -> list[tuple[object, str]]:
    """Where streams are that pytest does not capture, or passes on: objects, and the attributes that hold them."""
    capture = config.getoption("capture", "no")
    if capture == "no":
        return [(sys, "stdout"), (sys, "stderr")]
    if capture != "tee-sys":
        return []
    manager = config.pluginmanager.get_plugin("capturemanager")
    capturing = getattr(manager, "_global_capturing", None)
    files = [getattr(getattr(capturing, name, None), "tmpfile", None) for name in ("out", "err")]
    return [(file, "_other") for file in files if hasattr(file, "_other")]


def _live_handlers(config: pytest.Config) -> list[logging.Handler]:
    """What shows log records as they come, or writes them to a file."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    handlers = [getattr(plugin, name, None) for name in ("log_cli_handler", "log_file_handler")]
    return [handler for handler in handlers if handler is not None]


def _capturing_handlers(config: pytest.Config) -> list[LogCaptureHandler]:
    """What keeps the log records of the item that runs."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    return [getattr(plugin, name) for name in ("caplog_handler", "report_handler") if hasattr(plugin, name)]


def _reject(record: logging.LogRecord) -> bool:
    return False
