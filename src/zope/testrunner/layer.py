"""The two layers of the runner itself."""

from __future__ import annotations

import unittest


class UnitTests:
    """The layer of all tests that name no other: it has nothing to set up."""


class EmptyLayer:
    """A layer without tests, under which a parent process does nothing but wait for its children."""

    # A class attribute of this name is what layers' printed names are made of.
    __module__ = ""
    __bases__: tuple[object, ...] = ()


class EmptySuite(unittest.TestSuite):
    """A suite that stays without tests."""

    __test__ = False
