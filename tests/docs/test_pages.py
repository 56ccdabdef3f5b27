"""Every example in the documentation does what its page says."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from support import environment

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
EXECUTE = Path(__file__).resolve().parent / "execute_page.py"
#: Where a page finds modules: not among those of the project that are not installed.
PATH = [path for path in sys.path if path and Path(path).resolve() not in (ROOT, ROOT / "tests", EXECUTE.parent)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script with the modules that are installed here."""
    return subprocess.run(
        [sys.executable, *words],
        env=environment(PYTHONPATH=os.pathsep.join(PATH)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


class Reference(unittest.TestCase):
    """What the pages say about options, events, names and modules is what the code has."""

    maxDiff = None

    def test_generated_parts_are_up_to_date(self) -> None:
        ended = run(str(DOCS / "generate.py"), "--check")

        self.assertEqual("", ended.stdout)
        self.assertEqual(0, ended.returncode)


class Examples(unittest.TestCase):
    """A page with a wrong example is found out."""

    def problems(self, text: str) -> str:
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory, "page.rst")
            page.write_text(text, encoding="utf-8")
            ended = run(str(EXECUTE), str(page))
        self.assertEqual(1 if ended.stdout else 0, ended.returncode)
        return ended.stdout

    def test_right_examples(self) -> None:
        text = """
.. code-block:: python
   :caption: one.py

   print("one")

.. code-block:: console

   $ python one.py
   one
   $ python -c 'import sys; sys.exit(3)'
   $ echo $?
   3
   $ pip install something

>>> import one
one
"""
        self.assertEqual("", self.problems(text))

    def test_wrong_output_of_a_command(self) -> None:
        self.assertIn("page.rst, line 4", self.problems("\n.. code-block:: console\n\n   $ echo tea\n   coffee\n"))

    def test_missing_output_of_a_command(self) -> None:
        self.assertIn("+ tea", self.problems(".. code-block:: console\n\n   $ echo tea\n"))

    def test_wrong_doctest(self) -> None:
        self.assertIn('File "page.rst", line 3', self.problems("Sums:\n\n>>> 2 + 2\n5\n"))

    def test_example_that_nobody_executes(self) -> None:
        text = ".. code-block:: python\n\n   1 / 0\n"

        self.assertIn("line 3: give this example a caption", self.problems(text))

    def test_times_and_counts_do_not_matter(self) -> None:
        text = """
.. code-block:: console

   $ echo 'in 1.234 seconds, refcount=12 change=7'
   in 0.000 seconds, refcount=99 change=1
"""
        self.assertEqual("", self.problems(text))

    def test_a_change_is_not_no_change(self) -> None:
        text = ".. code-block:: console\n\n   $ echo 'change=7'\n   change=0\n"

        self.assertIn("change=N", self.problems(text))


class Pages(unittest.TestCase):
    """One test for each page, in a process of its own."""

    maxDiff = None


def _test_of(page: Path) -> Callable[[Pages], None]:
    def test(self: Pages) -> None:
        ended = run(str(EXECUTE), str(page))

        self.assertEqual("", ended.stdout)
        self.assertEqual(0, ended.returncode)

    return test


for _page in sorted(DOCS.rglob("*.rst")):
    if "_build" not in _page.parts:
        _words = _page.relative_to(DOCS).with_suffix("").as_posix()
        setattr(Pages, f"test_{_words.replace('/', '_').replace('-', '_')}", _test_of(_page))
