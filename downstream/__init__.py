"""The test suites of other packages, run by this checkout and by the published zope.testrunner: see README.rst."""
