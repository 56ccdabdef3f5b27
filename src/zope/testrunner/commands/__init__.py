"""Commands besides running tests: ``zope-testrunner replay FILE``."""
