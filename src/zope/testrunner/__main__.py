"""``python -m zope.testrunner`` is the same as the script ``zope-testrunner``."""

from zope.testrunner import run

if __name__ == "__main__":
    run()
