"""What is known of earlier runs: which tests failed and how long the long ones took, in one small file.

`Store` reads and updates the file, `History` is what it says.  Nothing depends on it: without the file, or with one that
cannot be read, tests are run in their usual order and divided by their number.

The file is text, a line for each fact, with columns between tabs.  Facts carry the day on which they were last seen, and
those that nothing has confirmed for `KEPT` days are dropped, so that tests which are gone do not stay in there for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from zope.testrunner.core.model import LayerName, Test, TestRef
from zope.testrunner.system.originals import io, os, time
from zope.testrunner.system.value_class import Record

#: The name of the file in its folder, and of the folder where nothing else is asked for.
FILE, FOLDER = "history", ".testrunner"

#: Tests that take less than this many seconds are not recorded one by one.
FLOOR = 0.01

#: For how many days a fact is kept that no run confirms.
KEPT = 90

#: How much a duration has to change, as a share of what is recorded, to be worth writing the file.
_NEWS = 0.2

#: A fact is written again after this many days although nothing has changed.
_REFRESHED = 7

_MAGIC = "zope.testrunner history "
_VERSION = "1"

#: What a lock waits for at most, in steps of a hundredth of a second: holding it takes milliseconds.
_PATIENCE = 200

_SECONDS_PER_DAY = 86_400


class HistoryError(Exception):
    """A file that cannot be used; the message says why.  ``is_foreign`` tells that it must not be replaced."""

    def __init__(self, message: str, *, is_foreign: bool = False) -> None:
        super().__init__(message)
        self.is_foreign = is_foreign


#: What can fail: ``("test", id)``, ``("layer", name)`` or ``("module", name)``.
Subject = tuple[str, str]

_KINDS = ("test", "layer", "module")


class Changes(Record):
    """What one run adds: problems, what is no problem any more, and durations in seconds.

    A test or the hooks of a layer with a duration of 0 are forgotten.  ``quick`` is the number of tests below `FLOOR` and
    the seconds they took together.
    """

    failed: frozenset[Subject] = frozenset()
    mended: frozenset[Subject] = frozenset()
    tests: Mapping[str, float] = {}
    hooks: Mapping[str, float] = {}
    quick: tuple[int, float] = (0, 0.0)


class History:
    """Facts of earlier runs.

    ``failed`` has what failed when it was last run, with the day.  ``tests`` and ``hooks`` have milliseconds and the day:
    for ids of tests, and for set-up and tear-down of layers together.  ``quick`` is a number of tests that are not recorded
    one by one, and how many microseconds such a test takes in the mean.
    """

    __slots__ = ("failed", "hooks", "quick", "tests")

    def __init__(self) -> None:
        self.failed: dict[Subject, int] = {}
        self.tests: dict[str, tuple[int, int]] = {}
        self.hooks: dict[str, tuple[int, int]] = {}
        self.quick: tuple[int, int] = (0, 0)

    @property
    def knows_durations(self) -> bool:
        """Whether there is anything to estimate by."""
        return bool(self.tests or self.quick[0])

    def microseconds(self, id: str) -> int:
        """How long a test is expected to take; one that is not recorded takes what short ones take in the mean."""
        known = self.tests.get(id)
        return known[0] * 1000 if known is not None else max(self.quick[1], 1)

    def of_hooks(self, layer: str) -> int:
        """How many microseconds the set-up and tear-down of a layer itself, without its bases, are expected to take."""
        return self.hooks.get(layer, (0, 0))[0] * 1000

    def absorb(self, changes: Changes, today: int) -> bool:
        """Take over what a run found out on this day; False if that is no news."""
        news = False
        for subject in changes.mended - changes.failed:
            news |= self.failed.pop(subject, None) is not None
        for subject in changes.failed:
            known = self.failed.get(subject)
            if known is None or abs(today - known) >= _REFRESHED:
                news = True
                self.failed[subject] = today
        news |= _merge(self.tests, changes.tests, today)
        news |= _merge(self.hooks, changes.hooks, today)
        number, seconds = changes.quick
        # A run of a few tests says little about the others.
        if number and number * 2 >= self.quick[0]:
            mean = max(1, round(seconds / number * 1_000_000))
            if abs(mean - self.quick[1]) > _NEWS * self.quick[1] or not number <= self.quick[0] * 2:
                news = True
                self.quick = (number, mean)
        return news

    def drop_before(self, day: int) -> None:
        """Forget what has not been seen since this day."""
        self.failed = {subject: seen for subject, seen in self.failed.items() if seen >= day}
        self.tests = {id: fact for id, fact in self.tests.items() if fact[1] >= day}  # noqa: A001 - what it is called
        self.hooks = {name: fact for name, fact in self.hooks.items() if fact[1] >= day}


def _merge(facts: dict[str, tuple[int, int]], changes: Mapping[str, float], today: int) -> bool:
    news = False
    for name, seconds in changes.items():
        milliseconds = round(seconds * 1000)
        known = facts.get(name)
        if not milliseconds:
            news |= facts.pop(name, None) is not None
        elif known is None or abs(milliseconds - known[0]) > _NEWS * known[0] or abs(today - known[1]) >= _REFRESHED:
            facts[name] = (milliseconds, today)
            news = True
    return news


# Which tests have failed


class Suspects:
    """The tests that a collection of failed subjects concerns.

    A test concerns itself.  A layer concerns its tests, and so does a module or class, of which the fixture failed or which
    could not be imported.
    """

    def __init__(self, failed: Collection[Subject]) -> None:
        #: The modules that could not be imported.
        self.modules = {name for kind, name in failed if kind == "module"}
        self._tests = {name for kind, name in failed if kind == "test"}
        self._layers = {name for kind, name in failed if kind == "layer"}
        self._holders = {holder for name in self._tests if (holder := holder_of(name)) is not None}

    def concern(self, test: Test, layer: LayerName) -> bool:
        """Whether a test of a layer is among them."""
        if layer in self._layers:
            return True
        kind = type(test)
        if kind.__module__ in self.modules:
            return True
        if kind.__module__ in self._holders or f"{kind.__module__}.{kind.__qualname__}" in self._holders:
            return True
        return key_of(TestRef(test, layer)) in self._tests


try:
    #: Where the command was given; what tests change later does not count.
    _START = os.getcwd()
except OSError:
    _START = os.sep


def key_of(test: TestRef) -> str:
    """What a test is called in the file: its id, and for a document the path from the current directory as well.

    The id of a document is the name of the file alone (``guide_rst``), which those in other directories share.
    """
    # Those of all others have a dot, and need not be looked at.
    return test.id if "." in test.id else key_by_names(test.id, test.label)


def key_by_names(id: str, path: str) -> str:
    """The same, given the id of a test without a dot and its label, which for a document is its path."""
    if "_".join(os.path.basename(path).split(".")) != id:
        return id
    if not os.path.isabs(path):
        return f"{id} ({path})"
    try:
        return f"{id} ({os.path.relpath(path, _START)})"
    except ValueError:
        # It is on another drive.
        return f"{id} ({path})"


def holder_of(id: str) -> str | None:
    """The class or module whose fixture has this id, as reports call it; None if it is that of a test."""
    if id.endswith(")") and id.startswith(("setUpClass (", "tearDownClass (", "setUpModule (", "tearDownModule (")):
        return id.partition("(")[2][:-1]
    return None


# The file


class Store:
    """The file in a folder.

    Reading and writing are safe with several processes: a file is replaced as a whole, and whoever replaces it holds a lock
    from before reading what the others have written.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, FILE)

    def read(self) -> History:
        """What the file says; nothing if there is none.  Raises `HistoryError` if it cannot be used."""
        try:
            with io.open(self.path, "rb") as stream:
                data = stream.read()
        except (FileNotFoundError, NotADirectoryError):
            return History()
        except OSError as error:
            raise HistoryError(f"cannot be read: {error.strerror}", is_foreign=True) from error
        return parse(data)

    def update(self, changes: Changes, now: float) -> None:
        """Add what a run found out; ``now`` is in seconds since the epoch.

        The folder is made if it is not there, with a ``.gitignore`` so that version control leaves it alone.  Raises
        `OSError` if the file cannot be written, and `HistoryError` if it belongs to somebody else.
        """
        today = int(now // _SECONDS_PER_DAY)
        self._make_folder()
        with _locked(self.folder):
            try:
                history = self.read()
            except HistoryError as error:
                if error.is_foreign or not self._is_ours():
                    raise
                history, news = History(), True
            else:
                news = not os.path.exists(self.path)
            if history.absorb(changes, today) or news:
                history.drop_before(today - KEPT)
                self._replace(render(history))

    def _is_ours(self) -> bool:
        """Whether a file in here that makes no sense can only be one that was damaged."""
        return os.path.basename(self.folder) == FOLDER or os.path.exists(os.path.join(self.folder, ".gitignore"))

    def _make_folder(self) -> None:
        if os.path.isdir(self.folder):
            return
        os.makedirs(self.folder, exist_ok=True)
        with io.open(os.path.join(self.folder, ".gitignore"), "w", encoding="ascii") as stream:
            stream.write("# What zope.testrunner remembers of earlier runs; it can be deleted at any time.\n*\n")

    def _replace(self, data: bytes) -> None:
        temporary = f"{self.path}.{os.getpid()}"
        try:
            with io.open(temporary, "wb") as stream:
                stream.write(data)
            os.replace(temporary, self.path)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Keep other processes from replacing the file meanwhile, where the system and the file system can do that.

    The lock is on the folder, so no further file is needed.  Where it cannot be had, what another run writes at the same
    moment may get lost, and nothing else.
    """
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        for _ in range(_PATIENCE):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
                continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(descriptor)


def render(history: History) -> bytes:
    """The content of a file."""
    lines = ["\t".join(("quick", *map(str, history.quick)))]
    lines += ["\t".join(("failed", str(day), kind, _escaped(name))) for (kind, name), day in sorted(history.failed.items())]
    lines += [f"hooks\t{day}\t{number}\t{_escaped(name)}" for name, (number, day) in sorted(history.hooks.items())]
    before = None
    for id, (number, day) in sorted(history.tests.items()):  # noqa: A001 - what it is called
        # Most tests share all but the last part of their ids with others.
        owner, dot, name = id.rpartition(".")
        if owner + dot != before:
            before = owner + dot
            lines.append(f"in\t{_escaped(before)}")
        lines.append(f"\t{day}\t{number}\t{_escaped(name)}")
    lines.append(f"end\t{len(lines)}")
    return "".join(f"{line}\n" for line in (_MAGIC + _VERSION, *lines)).encode("utf-8", "surrogatepass")


def parse(data: bytes) -> History:
    """What the content of a file says.  Raises `HistoryError`."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise HistoryError("is damaged") from None
    head, *lines = text.split("\n")
    if not head.startswith(_MAGIC):
        raise HistoryError("is damaged")
    version = head.removeprefix(_MAGIC)
    if version != _VERSION:
        if version.isdecimal():
            raise HistoryError(f"was written by another version of zope.testrunner (format {version})", is_foreign=True)
        raise HistoryError("is damaged")
    try:
        return _facts(lines)
    except (ValueError, LookupError):
        raise HistoryError("is damaged") from None


def _facts(lines: Iterable[str]) -> History:
    """Raises `ValueError` or `LookupError` at anything that `render` does not write."""
    history, owner = History(), ""
    for number, line in enumerate(lines):
        what, *columns = line.split("\t")
        match what:
            case "":
                day, milliseconds, name = columns
                history.tests[owner + _unescaped(name)] = (_count(milliseconds), _count(day))
            case "in":
                (column,) = columns
                owner = _unescaped(column)
            case "quick":
                tests, mean = columns
                history.quick = (_count(tests), _count(mean))
            case "failed":
                day, kind, name = columns
                history.failed[_KINDS[_KINDS.index(kind)], _unescaped(name)] = _count(day)
            case "hooks":
                day, milliseconds, name = columns
                history.hooks[_unescaped(name)] = (_count(milliseconds), _count(day))
            case "end" if columns == [str(number)]:
                return history
            case _:
                raise ValueError
    raise ValueError


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise ValueError
    return int(text)


_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n"}
_MEANINGS = {"\\": "\\", "t": "\t", "n": "\n"}


def _escaped(name: str) -> str:
    for character, escape in _ESCAPES.items():
        name = name.replace(character, escape)
    return name


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    characters = iter(text)
    # A lone backslash at the end was never written.
    parts = [_MEANINGS[next(characters, "")] if character == "\\" else character for character in characters]
    return "".join(parts)
