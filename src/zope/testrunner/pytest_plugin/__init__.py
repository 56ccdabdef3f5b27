"""The hunt for leaks inside pytest: ``pytest --leaks``, ``-R STAB:RUN``, ``--rss-limit``.

pytest loads this module at every start, so it has the options and the markers, and nothing else.  What hunts is
in `zope.testrunner.pytest_plugin.hunt`, which is imported once something is asked for.
"""

from __future__ import annotations

import pytest

#: The plugin of another project that has options of the same names, and what it is called at pytest.
_OTHER = ("pytest_leaks", "leaks", "pytest-leaks")

_MARKERS = (
    "expected_leak(*, reason, kind=None, max=None): this test leaks, at most `max` per run; it fails when that has changed",
    "no_leak_check(*, reason): this test is not run again to find out whether it leaks",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options."""
    group = parser.getgroup("leaks", "leaks (zope.testrunner)")
    if not _is_installed(pluginmanager):
        group.addoption(
            "-R", dest="zope_leaks", metavar="STAB:RUN", type=_stab_run,
            help="Repeat every test to find out whether it leaks: STAB times to settle down, then RUN times of which "
            "every one has to grow. Either number may be left out: '-R :' is '-R 5:4'.",
        )  # fmt: skip
        group.addoption(
            "--leaks", dest="zope_leaks", metavar="STAB:RUN", nargs="?", const="", type=_stab_run_or_nothing,
            help="The same as -R; without STAB:RUN, as many runs as it takes: two for every test, more for suspects.",
        )  # fmt: skip
    group.addoption(
        "--leaks-explain", action="store_true",
        help="Say what a leaking test leaks, where it was allocated and why it is alive.",
    )  # fmt: skip
    group.addoption("--leaks-report-only", action="store_true", help="Report leaks without failing the session for them.")
    group.addoption(
        "--rss-limit", metavar="SIZE", type=_size,
        help="Fail tests that add more than SIZE (such as 10MB) to the memory of the process whenever they are run.",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and what judges tests if that was asked for."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    option = config.option
    hunt: str | None = getattr(option, "zope_leaks", None)
    if hunt is None and option.leaks_explain:
        if hasattr(option, "zope_leaks"):
            raise pytest.UsageError("--leaks-explain is about leaks that are found: add --leaks or -R to look for them")
        raise pytest.UsageError(
            f"--leaks and -R are those of {_OTHER[2]} here, which explains nothing: uninstall it, or add -p no:{_OTHER[1]}"
        )
    if hunt is None and option.rss_limit is None:
        if option.leaks_report_only:
            raise pytest.UsageError("--leaks-report-only is about leaks that are found: add --leaks, -R or --rss-limit")
        return
    from zope.testrunner.pytest_plugin.hunt import Asked, register

    register(config, Asked(hunt, option.leaks_explain, option.leaks_report_only, option.rss_limit))


def _is_installed(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Whether the other plugin is there: whoever came second to add the same options would end pytest."""
    from importlib.util import find_spec

    module, name, _ = _OTHER
    return find_spec(module) is not None and not pluginmanager.is_blocked(name)


def _stab_run(text: str) -> str:
    """``STAB:RUN``; it stays text, since options are sent to other processes."""
    from argparse import ArgumentTypeError

    from zope.testrunner.leaks import fixed

    try:
        fixed(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def _stab_run_or_nothing(text: str) -> str:
    """As before, or nothing: as many runs as it takes."""
    from argparse import ArgumentTypeError

    if text == "watch":
        raise ArgumentTypeError("--leaks=watch is for zope-testrunner; pytest judges with --leaks, or -R STAB:RUN")
    try:
        return text and _stab_run(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error}; write '--leaks=' if a path follows") from None


def _size(text: str) -> int:
    """A number of bytes."""
    from argparse import ArgumentTypeError

    from zope.testrunner.system.byte_sizes import bytes_of

    try:
        return bytes_of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
