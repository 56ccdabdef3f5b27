"""The distribution ``zope.testrunner``."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

here = Path(__file__).resolve().parent

setup(
    name="zope.testrunner",
    version="9.0.0.dev0",
    description="A test runner with layers, repetition and leak tracking",
    long_description="\n\n".join((here / name).read_text(encoding="utf-8") for name in ("README.rst", "CHANGES.rst")),
    long_description_content_type="text/x-rst",
    author="the zope.testrunner founders",
    license="MIT",
    license_files=["LICENSE"],
    keywords="test runner unittest doctest layers leaks refcount",
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Framework :: Zope :: 3",
        "Intended Audience :: Developers",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Programming Language :: Python :: 3.15",
        "Programming Language :: Python :: Free Threading :: 2 - Beta",
        "Programming Language :: Python :: Implementation :: CPython",
        "Programming Language :: Python :: Implementation :: PyPy",
        "Topic :: Software Development :: Testing",
        "Typing :: Typed",
    ],
    package_dir={"": "src"},
    # zope and zope.testing are namespaces: other distributions have modules in them too.
    packages=find_namespace_packages("src", include=["zope.testrunner*", "zope.testing*"]),
    package_data={"zope.testrunner": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=["zope.interface", "zope.exceptions"],
    extras_require={
        # What writes subunit streams.
        "subunit": ["python-subunit>=1.4.3", "testtools>=0.9.30", "iso8601"],
        "coverage": ["coverage>=7"],
        "pytest": ["pytest>=8"],
        "rich": ["rich"],
        "dask": ["distributed"],
        # Programs that read our output, to be tested with.
        "test": [
            "pytest>=8", "python-subunit>=1.4.3", "testtools>=0.9.30", "iso8601", "junitxml", "stestr", "junitparser",
            "xmlschema", "coverage>=7",
            # Plugins that ours has to get along with.
            "pytest-xdist", "anyio",
            # What replaces clocks and files for everybody, of which the runner must notice nothing.
            "freezegun", "pyfakefs",
            # For the page on it: the largest framework whose tests people bring along.
            "django",
        ],
        "lint": ["ruff", "mypy", "import-linter"],
        "docs": ["sphinx"],
    },
    entry_points={
        "console_scripts": ["zope-testrunner = zope.testrunner:run"],
        "pytest11": ["zope.testrunner = zope.testrunner.pytest_plugin"],
        # The same as zope.testrunner.report.formats.FORMATS, which is what is used, since looking here takes time.
        "zope.testrunner.formatters": [
            "color = zope.testrunner.report.file_output:color",
            "event-log = zope.testrunner.report.eventlog:event_log",
            "github = zope.testrunner.report.github:github",
            "junit = zope.testrunner.report.xml.junit:junit",
            "subunit = zope.testrunner.report.subunit.formatters:version_1",
            "subunit-v2 = zope.testrunner.report.subunit.formatters:version_2",
            "text = zope.testrunner.report.file_output:text",
            "xml = zope.testrunner.report.xml.junit:directory",
        ],
    },
    zip_safe=False,
)
