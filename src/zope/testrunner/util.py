"""What kind of Python interpreter this is."""

from __future__ import annotations

import sys

#: Whether this is Jython.
is_jython = sys.platform.startswith("java")

#: Whether this is PyPy.
is_pypy = sys.implementation.name == "pypy"

#: Whether objects that are in no cycle go away with their last reference, so that what a collection finds is a cycle.
uses_refcounts = not (is_jython or is_pypy)
