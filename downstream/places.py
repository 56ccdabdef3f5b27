"""Where the suites and the two runners are installed: private environments in the cache directory of the user."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.errors import BenchmarkError
from benchmarks.measure import run_to_end
from benchmarks.peers import PUBLISHED, cache_folder, describe
from downstream.suites import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
CONSTRAINTS: Final = Path(__file__).with_name("constraints.txt")

#: What it takes to install this checkout.
_SOURCES: Final = ("setup.py", "pyproject.toml", "README.rst", "CHANGES.rst", "LICENSE", "src")

PUBLISHED_NAME: Final = "published"
OURS_NAME: Final = "ours"


def provide(python: str, group: str, tell: Callable[[str], None]) -> Mapping[str, str]:
    """The interpreters of two environments that differ in nothing but the test runner, by the name of the runner.

    They are made at the first use, and again when constraints.txt has changed; this checkout is installed in its
    environment each time.

    Raises:
        BenchmarkError: Something cannot be installed.
    """
    base = describe(python)
    wanted = f"{base.version}{base.prefix}{REQUIREMENTS[group]}{CONSTRAINTS.read_text(encoding='utf-8')}"
    tag = f"{re.sub(r'[^a-z0-9.]+', '-', base.name)}-{group}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    folder = cache_folder().with_name("zope.testrunner-downstream") / tag
    folder.mkdir(parents=True, exist_ok=True)
    pythons = {}
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in (PUBLISHED_NAME, OURS_NAME):
            place = folder / name
            pythons[name] = str(place / "bin" / "python")
            if not (place / "complete").exists():
                tell(f"Installing {', '.join(REQUIREMENTS[group])} for {base.name}, {name}…")
                shutil.rmtree(place, ignore_errors=True)
                _run([python, "-m", "venv", str(place)], "a private environment")
                needed = (f"zope.testrunner=={PUBLISHED}", *REQUIREMENTS[group], "setuptools>=77")
                _pip(pythons[name], *needed, "--constraint", str(CONSTRAINTS))
                (place / "complete").touch()
        install_checkout(pythons[OURS_NAME])
    return pythons


def install_checkout(python: str) -> None:
    """Install this checkout in the place of whatever test runner there is."""
    with tempfile.TemporaryDirectory() as name:
        # Not where it is: building leaves files behind.
        for each in _SOURCES:
            source, copy = ROOT / each, Path(name, each)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, copy)
        _pip(python, "--no-deps", "--no-build-isolation", "--force-reinstall", name)


def _pip(python: str, *words: str) -> None:
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words], "what the suites need")


def _run(words: Sequence[str], what: str) -> None:
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs, "log")
        # Unlike a suite, pip shall see the user's settings: proxies, indexes, certificates.
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        status, _ = run_to_end(words, folder=Path("/"), environment=variables, log=log)
        if status:
            lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
            reason = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else f"status {status}")
            raise BenchmarkError(f"Cannot install {what} ({reason.strip()})")
