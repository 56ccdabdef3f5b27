"""Which suites are run, with what is installed for them, and in which ways."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The tests of one package as they are installed with it.

    *group* names the environment in `REQUIREMENTS`, *words* are given to the runner besides the name of the package.
    """

    package: str
    group: str = "zope"
    words: tuple[str, ...] = ()


#: What is installed, by environment.  All versions are in constraints.txt.
REQUIREMENTS = {
    # Where BTrees is installed, the published runner imports it, and its classes are tested as well, of which many fail.
    "interface": ("zope.interface[test]",),
    "zope": (
        "zope.component[test]",
        "zope.configuration[test]",
        "zope.schema[test]",
        "ZODB[test]",
        "transaction",
        "persistent[test]",
        "plone.testing[test]",
        "zope.testbrowser[test]",
        "Products.PythonScripts",
    ),
}

SUITES = (
    Suite(package="zope.interface", group="interface"),
    Suite(package="zope.component"),
    Suite(package="zope.configuration"),
    Suite(package="zope.schema"),
    Suite(package="transaction"),
    # The tests of its documents look for a checkout when they are imported.
    Suite(package="persistent", words=("-m", "!test_docs")),
    Suite(package="ZODB"),
    Suite(package="plone.testing"),
    # One of its documents is about a page in the internet.
    Suite(package="zope.testbrowser", words=("-t", "!over_the_wire")),
    Suite(package="Products.PythonScripts"),
)

#: The ways to run each, by name.
WAYS = {"serial": (), "-j2": ("-j2",)}
