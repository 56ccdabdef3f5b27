"""How Sphinx builds the documentation: ``python -m sphinx -W -b html docs docs/_build/html``."""

project = "zope.testrunner"
author = "the zope.testrunner founders"
copyright = author  # noqa: A001 - Sphinx's name for it

extensions: list[str] = []
exclude_patterns = ["_build"]
# Names in single back quotes are those of modules, classes and functions.
default_role = "literal"
highlight_language = "python"
# Two hyphens are the beginning of an option.
smartquotes = False
# Console examples and reports of tests are no programs of one language.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "alabaster"
html_theme_options = {"description": "Tests in layers, repeated, with readings", "page_width": "70rem"}
