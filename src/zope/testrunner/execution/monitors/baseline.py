"""A file of known leaks, so that an old suite can begin to be strict with what is new."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.originals import io, os

if TYPE_CHECKING:
    from zope.testrunner.leaks.finding import Finding
    from zope.testrunner.leaks.readings import Verdict

#: The version of the format, and the advice for those who find the file.
_VERSION = 1
_ABOUT = "Leaks that are tolerated, by test and tracker, with the growth per run; made by --leaks-baseline-update."


class Baseline:
    """The known leaks in a file: for each test, by the name of the tracker, how much every run adds.

    ``name`` is what the user calls the file, ``started_in`` the directory from which that is seen.

    Raises `UsageError` if the file cannot be read; one that is not there is empty if it is going to be written.
    """

    def __init__(self, name: str, started_in: str = os.curdir, *, update: bool = False) -> None:
        self._name = name
        # Tests, and the import of their modules, may go to another directory.
        self._path = os.path.join(started_in, name)
        self._known = self._read(may_be_missing=update)
        self._noted: dict[str, dict[str, int]] = {}

    def tolerates(self, name: str, verdicts: Iterable[Verdict]) -> bool:
        """Whether all that leaks in this test is known, and not more of it than is known."""
        known = self._known.get(name, {})
        leaks = [verdict for verdict in verdicts if verdict.is_leak]
        return all(verdict.per_run <= known.get(verdict.tracker, 0) for verdict in leaks)

    def note(self, name: str, finding: Finding) -> None:
        """Remember what was found out about a test, in the place of what was known of it."""
        self._noted[name] = {verdict.tracker: verdict.per_run for verdict in finding.verdicts if verdict.is_leak}

    def write(self) -> None:
        """Write the file, whole or not at all; raises `UsageError` if that cannot be done."""
        with _alone(self._path):
            self._write()

    def _write(self) -> None:
        # Children may have written it since it was read.
        known = {**self._read(may_be_missing=True), **self._noted}
        leaks = {name: entry for name, entry in sorted(known.items()) if entry}
        data = {"version": _VERSION, "about": _ABOUT, "leaks": leaks}
        aside = f"{self._path}.new"
        try:
            with io.open(aside, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=1, sort_keys=True)
                file.write("\n")
            os.replace(aside, self._path)
        except OSError as error:
            raise UsageError(f"Cannot write {self._name} (--leaks-baseline): {error.strerror}", status=1) from None

    def _read(self, *, may_be_missing: bool) -> dict[str, dict[str, int]]:
        advice = "--leaks-baseline-update makes a new one"
        try:
            with io.open(self._path, encoding="utf-8") as file:
                data = json.load(file)
        except FileNotFoundError:
            if may_be_missing:
                return {}
            raise UsageError(f"There is no file {self._name} (--leaks-baseline); {advice}", status=1) from None
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise UsageError(f"Cannot read {self._name} (--leaks-baseline): {reason}; {advice}", status=1) from None
        leaks = data.get("leaks") if isinstance(data, Mapping) and data.get("version") == _VERSION else None
        if not isinstance(leaks, Mapping) or not all(_is_entry(entry) for entry in leaks.values()):
            what = f"is no list of known leaks of version {_VERSION}"
            raise UsageError(f"{self._name} (--leaks-baseline) {what}; {advice}", status=1)
        return {name: dict(entry) for name, entry in leaks.items()}


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Keep other processes of this run from writing the file at the same time, where the system can do that."""
    try:
        import fcntl

        directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, Mapping) and all(isinstance(number, int) for number in entry.values())
