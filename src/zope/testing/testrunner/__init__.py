"""The old spelling: ``from zope.testing import testrunner``.

The functions are those of `zope.testrunner`, except that `run` here returns, as it did under this name.

The folder ``zope/testing`` has no ``__init__.py``: it is a guest in the package of the zope.testing distribution where
that is installed, and a namespace where it is not.  That distribution has a file ``testrunner.py``.  This is a package
and not such a file because Python prefers a package to a module of the same name beside it: so no file belongs to both
distributions, and either can be installed and removed without the other noticing.

.. deprecated:: 9.0
   New code imports `zope.testrunner`.
"""

from __future__ import annotations

from zope.testrunner import run_internal

__all__ = ["run", "run_internal"]

run = run_internal
