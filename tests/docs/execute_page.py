r"""Execute the examples of one page of the documentation, in a directory of its own.

    python tests/docs/execute_page.py docs/how-to/layers.rst
    python tests/docs/execute_page.py --write docs/how-to/layers.rst

A page is executed from top to bottom:

- A ``code-block`` with a ``:caption:`` is a file of that name, which is written.
- A ``code-block:: console`` has commands after ``$ ``, continued after ``> ``, each followed by its output.  They are run
  in a shell where ``zope-testrunner``, ``pytest`` and ``python`` are this interpreter's.  Commands that need the network, a
  checkout or another program (`ELSEWHERE`) are not run, and show no output.
- Whatever is written after ``>>> `` is a doctest, in one namespace for the page, as if typed in the same directory.

A block with ``:class: debug-build`` (or ``ordinary-build``) is for builds of Python that count references (or do not), one
with ``:class: with-coverage`` for where the package ``coverage`` is installed, and so for any other package.
The sample projects of the repository are there as ``testrunner-ex``.  What differs from run to run, such as times, is
levelled before outputs are compared, see `LEVEL`.

The exit status is 1 if an output is not what the page shows.  With ``--write`` the page is given the real outputs of its
console examples instead; read what came of it.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SAMPLES = Path(__file__).resolve().parent.parent.parent / "testrunner-ex"

#: What pages call the directory that they are executed in.
SHOWN = "/home/you/project"

#: The first words of commands that are shown and not run.
ELSEWHERE = frozenset({"pip", "make", "git", "bin/buildout", "stestr"})

#: Variables of the environment that examples must not see.
FOREIGN = frozenset({"LOGGING", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "GITHUB_ACTIONS", "GITHUB_WORKSPACE"})

#: What differs between runs, machines and versions of Python, and what to compare instead.
LEVEL = (
    (re.compile(r"\d+\.\d{3}(?=(?:\^\[\[0m)? seconds| s\b)"), "N"),
    (re.compile(r"(?:(?<=refcount=)|(?<=memory blocks=))\d+ *"), "N "),
    # How much a leak costs depends on the version of Python; that there is none does not.
    (re.compile(r"(?<=change=)[1-9]\d*"), "N"),
    # What newer versions of Python add: a guess at what was meant, and the name of a thread.
    (re.compile(r"\. Did you mean: '\w+'\?"), ""),
    (re.compile(r"(?<=thread 0x)(\w+)(?: \[[^\]]*\])?(?= \(most recent)"), r"\1"),
    # What a slow machine adds.
    (re.compile(r"^Slow: importing .*\n", re.MULTILINE), ""),
    # Python 3.14.10 ends the report of a doctest with a blank line less.
    (re.compile(r"^( {4,}\S.*\n)\n(?=  Ran )", re.MULTILINE), r"\1"),
    # The name of a temporary directory.
    (re.compile(r"\S*/tmp\w{8}\b"), "TEMPORARY"),
    # Warm-ups differ between versions of Python.
    (re.compile(r"(?<=judged: ).*"), "N"),
    (re.compile(r"(?<=every run: ).*"), "N"),
    (re.compile(r"(?<=new each run: ).*"), "N"),
    (re.compile(r"(?<=for example: ).*"), "N"),
    (re.compile(r"(?<=grew from )\d+ to \d+"), "N to N"),
    (re.compile(r"(?<=one of them is ).*"), "N"),
    (re.compile(r"\d\d\.\d(?=MB)"), "N"),
    (re.compile(r"(?<=: leaked ).*"), "N"),
    (re.compile(r"(?<= in )\d+\.\d\ds( =+)?$", re.MULTILINE), "N"),
    (re.compile(r"0x[0-9a-f]+"), "0xN"),
    # Profiles: when and where they were written, and how much there was.
    (re.compile(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}(?=    )"), "WHEN"),
    (re.compile(r"(?<=tests_profile\.)\w+(?=\.prof)"), "N"),
    (re.compile(r"^ +\d+ function calls .*$", re.MULTILINE), "N function calls"),
    (re.compile(r"(?<=List reduced from )\d+"), "N"),
    (re.compile(r"^ +[\d/]+(?: +\d+\.\d{3}){4} (?=.*\(.*\)$)", re.MULTILINE), ""),
    (re.compile(r"(?<=started )\d+|(?<=started daemon )\d+"), "N"),
    # Marks below source lines in tracebacks.
    (re.compile(r"^[ ~^]*\^[ ~^]*\n", re.MULTILINE), ""),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)

COUNTS_REFERENCES = hasattr(sys, "gettotalrefcount")

_DIRECTIVE = re.compile(r"(?P<indent> *)\.\. code-block:: *(?P<language>\S+) *$")
_OPTION = re.compile(r" +:(?P<name>[\w-]+): *(?P<value>.*?) *$")


class Block(NamedTuple):
    """A code block: where its lines are (from 0), what is said about it, and its text without the indentation."""

    start: int
    end: int
    language: str
    caption: str | None
    build: str | None
    text: str
    indent: str

    @property
    def applies(self) -> bool:
        """Whether it is about this build of Python and what is installed."""
        if self.build is not None and self.build.startswith("with-"):
            return importlib.util.find_spec(self.build.removeprefix("with-")) is not None
        return self.build is None or self.build == ("debug-build" if COUNTS_REFERENCES else "ordinary-build")


class Command(NamedTuple):
    """A command of a console example, on which line of the page it is (from 1), and its output."""

    line: int
    words: str
    output: str


def blocks(page: str) -> Iterator[Block]:
    """The code blocks of a page that are files, consoles, or for one build only; others are prose."""
    lines = page.splitlines()
    at = 0
    while at < len(lines):
        directive = _DIRECTIVE.match(lines[at])
        at += 1
        if not directive:
            continue
        options = {}
        while at < len(lines) and (option := _OPTION.match(lines[at])):
            options[option["name"]] = option["value"]
            at += 1
        outer = len(directive["indent"])
        first = at
        while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > outer):
            at += 1
        body = lines[first:at]
        while body and not body[-1].strip():
            body.pop()
        while body and not body[0].strip():
            body.pop(0)
            first += 1
        if not body:
            continue
        indent = body[0][: len(body[0]) - len(body[0].lstrip())]
        text = "".join(f"{line.removeprefix(indent)}\n" for line in body)
        build = options.get("class")
        if directive["language"] == "python" and "caption" not in options and ">>> " not in text:
            raise ValueError(f"line {first + 1}: give this example a caption, so that it can be used")
        if directive["language"] == "console" or "caption" in options or build:
            yield Block(first, first + len(body), directive["language"], options.get("caption"), build, text, indent)


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(keepends=True), block.start + 1):
        if line.startswith("$ "):
            found.append(Command(number, line[2:], ""))
        elif not found:
            raise ValueError(f"line {number}: a console example begins with a command after '$ '")
        elif line.startswith("> ") and not found[-1].output and found[-1].words.endswith("\\\n"):
            found[-1] = found[-1]._replace(words=found[-1].words + line[2:])
        else:
            found[-1] = found[-1]._replace(output=found[-1].output + line)
    return found


def level(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in LEVEL:
        text = pattern.sub(instead, text)
    return text.rstrip("\n") + "\n" if text.strip() else ""


class Checker(doctest.OutputChecker):
    """Compares levelled outputs; ``...`` in what is expected stands for anything."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(level(want), level(got), optionflags)


class Execution:
    """The execution of a page in a directory; ``problems`` are texts for people."""

    def __init__(self, name: str, directory: Path, scripts: Path) -> None:
        self.name = name
        self.directory = directory
        self.problems: list[str] = []
        self._status = 0
        self._namespace: dict[str, object] = {"__name__": "__main__"}
        # What the user set for this Python does not hold for the examples; see ``support.py`` for those that do.
        inherited = {
            variable: value
            for variable, value in os.environ.items()
            if not variable.startswith(("PYTHON", "ZOPE_TESTRUNNER")) and variable not in FOREIGN
        }
        wanted = {
            name.removeprefix("CHILDREN_"): value for name, value in inherited.items() if name.startswith("CHILDREN_PYTHON")
        }
        self._environment = inherited | wanted | {
            "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONIOENCODING": "utf-8",
        }

    def page(self, text: str) -> str:
        """Execute a page; return it with the real outputs of its console examples."""
        lines = text.splitlines()
        result: list[str] = []
        done = 0
        for block in blocks(text):
            self._doctests("".join(f"{line}\n" for line in lines[done : block.start]), done)
            result += lines[done : block.start]
            done = block.end
            inside = lines[block.start : block.end]
            if block.applies and block.caption is not None:
                self._file(block)
            elif block.applies and block.language == "console":
                inside = [f"{block.indent}{line}".rstrip() for line in self._console(block).splitlines()]
            elif block.applies:
                self._doctests(block.text, block.start)
            result += inside
        self._doctests("".join(f"{line}\n" for line in lines[done:]), done)
        result += lines[done:]
        return "".join(f"{line}\n" for line in result)

    def _file(self, block: Block) -> None:
        path = self.directory / str(block.caption)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        # Each file has a time of its own, or Python could take a changed one for the one that it has compiled.
        os.utime(path, (block.start, block.start))
        if block.text.startswith("#!"):
            path.chmod(0o755)

    def _console(self, block: Block) -> str:
        """Run the commands of a block; return it with their real outputs."""
        result = []
        for command in commands(block):
            shown = "$ " + command.words.replace("\n", "\n> ").removesuffix("> ")
            result.append(shown)
            if command.words.split()[0] in ELSEWHERE:
                if command.output:
                    self.problems.append(f"{self.name}, line {command.line}: a command that is not run has no output")
                continue
            output = self._run(command.words)
            flags = doctest.ELLIPSIS
            checker = Checker()
            if checker.check_output(command.output, output, flags):
                output = command.output
            else:
                example = doctest.Example(command.words, level(command.output))
                difference = checker.output_difference(example, level(output), flags | doctest.REPORT_NDIFF)
                self.problems.append(f"{self.name}, line {command.line}:\n{shown}{difference}")
            result.append(output)
        return "".join(result)

    def _run(self, words: str) -> str:
        ended = subprocess.run(
            ["sh", "-c", f"(exit {self._status})\n{words}"],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        self._status = ended.returncode
        # The name of the directory may be given as it is and with its links resolved.
        text = ended.stdout.decode("utf-8", "backslashreplace")
        return text.replace(str(self.directory.resolve()), SHOWN).replace(str(self.directory), SHOWN)

    def _doctests(self, text: str, line: int) -> None:
        examples = doctest.DocTestParser().get_examples(text, self.name)
        if not examples:
            return
        flags = doctest.ELLIPSIS | doctest.REPORT_NDIFF
        runner = doctest.DocTestRunner(Checker(), verbose=False, optionflags=flags)
        test = doctest.DocTest(examples, self._namespace, self.name, self.name, line, text)
        test.globs = self._namespace
        said: list[str] = []
        runner.run(test, out=said.append, clear_globs=False)
        if runner.failures:
            self.problems.append("".join(said))


def execute(page: Path, write: bool = False) -> list[str]:
    """Execute a page of the documentation; return what is wrong with it."""
    text = page.read_text(encoding="utf-8")
    back = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="page-") as temporary:
        directory, scripts = Path(temporary, "project"), Path(temporary, "scripts")
        directory.mkdir()
        scripts.mkdir()
        _script(scripts / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        # A shell script and a Python script in one, since the first line of a script must not be long.
        _script(
            scripts / "zope-testrunner",
            f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n"
            "import sys\nfrom zope.testrunner import run\nsys.exit(run())\n",
        )
        # With our plugin, whether it is installed or not, and no other.
        _script(
            scripts / "pytest",
            "#!/bin/sh\nexport PYTEST_DISABLE_PLUGIN_AUTOLOAD=1\n"
            "export PYTEST_ADDOPTS='-p zope.testrunner.pytest_plugin -c /dev/null --rootdir=.'\n"
            f"exec \"{sys.executable}\" -m pytest \"$@\"\n",
        )
        if "testrunner-ex" in text:
            shutil.copytree(SAMPLES, directory / "testrunner-ex", ignore=shutil.ignore_patterns("__pycache__"))
        os.chdir(directory)
        try:
            execution = Execution(page.name, directory, scripts)
            real = execution.page(text)
        finally:
            os.chdir(back)
    if write and real != text:
        page.write_text(real, encoding="utf-8")
    return execution.problems


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def main(arguments: list[str]) -> int:
    """Execute the pages that are named, and print what is wrong with them."""
    # As in a session in the directory of the page, and not in that of this script.
    sys.path[0] = ""
    write = "--write" in arguments
    pages = [Path(name) for name in arguments if name != "--write"]
    problems = []
    for page in pages:
        try:
            problems += execute(page, write)
        except ValueError as error:
            problems.append(f"{page.name}, {error}\n")
    print("\n".join(problems), end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
