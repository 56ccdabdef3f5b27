"""Besides `zope.testrunner.find`: what people name instead of patterns, and what imports of test modules do."""
