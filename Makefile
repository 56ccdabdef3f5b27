# The front door.  `make` alone lists what there is; PYTHON=python3.12 in front of it chooses the interpreter.

PYTHON ?= python3

# What the user has set for Python (PYTHONUNBUFFERED, PYTHONDONTWRITEBYTECODE, PYTHONPATH and so on) changes what tests see, and
# hides what others meet.
unexport $(filter-out PYTHON,$(filter PYTHON%,$(.VARIABLES)))

# One private environment for each interpreter, for example .env/cpython-3.11.2d for a debug build.
TAG := $(shell $(PYTHON) -c 'import sys; print("%s-%d.%d.%d%s" % ((sys.implementation.name,) + sys.version_info[:3] \
	+ (getattr(sys, "abiflags", ""),)))' 2>/dev/null)
ENV := .env/$(or $(TAG),none)
BIN := $(ENV)/bin

# Stamp files: each is as new as the last time its step was done.
INSTALLED := $(ENV)/.installed
LINTERS := $(ENV)/.linters
SPHINX := $(ENV)/.sphinx
SCRIPT := bin/.for-$(or $(TAG),none)

# A line in a .pth file: the other way, a finder, triples the time that each process of the tests needs to start.
EDITABLE := --config-settings editable_mode=compat

# $(call install,WORDS FOR PIP,WHAT THEY ARE FOR): instead of pip's many lines, one about what is missing.
define install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-build-isolation $(1) \
	  > $(ENV)/install.log 2>&1 || { \
	  echo "Cannot install $(2): $$(sed -n 's/.*ERROR: //p' $(ENV)/install.log | head -n1)." \
	       "Check the network or pip's configuration and try again; $(ENV)/install.log has it all." >&2; exit 1; }
endef

# The first line of a script cannot name an interpreter with a blank in its path: a shell finds it then.
define BLANKS
import sys
if " " in sys.executable:
    with open("bin/test") as script:
        rest = script.read().partition("\n")[2]
    with open("bin/test", "w") as script:
        script.write("#!/bin/sh\n'''exec' \"%s\" \"$$0\" \"$$@\"\n' '''\n%s" % (sys.executable, rest))
endef
export BLANKS

.PHONY: help demo test suite env tools bin lint types docs benchmarks downstream clean

help:
	@echo "make demo        repeat two clean layers and a leaking test, with leak readings: bin/test -N4 -r"
	@echo "make test        run the test suite with pytest, then with bin/test itself"
	@echo "make suite       run it with pytest only (TESTS=tests/unit for a part of it)"
	@echo "                 UNBUFFERED=1 does so with PYTHONUNBUFFERED=1, which is not taken from the environment"
	@echo "make env         make the private environment; with make tools, also what lint, types and docs need"
	@echo "make bin         make the private environment and bin/test"
	@echo "make lint        check style and the import rules"
	@echo "make types       check the types"
	@echo "make docs        build the documentation into docs/_build/html"
	@echo "make benchmarks  measure this runner beside others (ARGS=--help for its options)"
	@echo "make downstream  run the suites of other packages with this runner and with the published one (ARGS=--help)"
	@echo "make clean       remove all that these commands made"
	@echo "PYTHON=python3.12 make ...  does so with another interpreter, 3.11 or newer; debug builds are welcome"

# The leaking run may fail one day, when readings can; the demo has then shown what it should.
demo: $(SCRIPT)
	@echo
	@echo "# Two layers that leave nothing behind, four times each: from iteration 2 on, nothing changes."
	bin/test --path testrunner-ex --tests-pattern '^sampletestsf?$$' --layer 'Layer11$$' --layer 'Layer12$$' -N4 -r
	@echo
	@echo "# A test that keeps three objects each time it runs: every iteration has more than the one before."
	-bin/test --path testrunner-ex --tests-pattern leak -N4 -r

test: suite $(SCRIPT)
	bin/test

# With UNBUFFERED=1, all that tests start runs with PYTHONUNBUFFERED=1.
suite: $(INSTALLED)
	$(if $(UNBUFFERED),CHILDREN_PYTHONUNBUFFERED=1 PYTHONUNBUFFERED=1) $(BIN)/python -m pytest -q $(TESTS)

env: $(INSTALLED)

tools: $(LINTERS) $(SPHINX)

bin: $(SCRIPT)

lint: $(LINTERS)
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(LINTERS)
	$(BIN)/mypy

docs: $(SPHINX)
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build/html

benchmarks: $(INSTALLED)
	$(BIN)/python -m benchmarks $(ARGS)

downstream: $(INSTALLED)
	$(BIN)/python -m downstream $(ARGS)

clean:
	rm -rf .env bin develop-eggs eggs parts .installed.cfg build dist src/*.egg-info docs/_build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter that cannot do what the rest needs ends this with one line.
$(INSTALLED): setup.py
	@$(PYTHON) -c '' > /dev/null 2>&1 || { \
	  echo "Cannot run $(PYTHON): install Python 3.11 or newer, or name one that is there:" \
	       "PYTHON=python3.12 make $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 or newer is needed: name one that is there:" \
	       "PYTHON=python3.12 make $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { \
	  echo "$(PYTHON) has no modules venv and ensurepip to make an environment with: install them" \
	       "(Debian, Ubuntu: apt-get install python3-venv) and try again" >&2; exit 1; }
	@echo "Making an environment in $(ENV), half a minute ..."
	@rm -rf $(ENV) && $(PYTHON) -m venv $(ENV)
	$(call install,'setuptools>=77',setuptools)
	$(call install,zc.buildout zc.recipe.testrunner $(EDITABLE) -e '.[test]',what the tests need)
	@touch $@

# bin/ belongs to one interpreter at a time; going back to another one takes a few seconds.
$(SCRIPT): $(INSTALLED) buildout.cfg
	@rm -f bin/.for-*
	@$(BIN)/buildout -q > $(ENV)/buildout.log 2>&1 || { cat $(ENV)/buildout.log >&2; \
	  echo "Cannot make bin/test: zc.buildout ended as shown above; \`make clean\` and another try may help." >&2; exit 1; }
	@$(BIN)/python -c "$$BLANKS"
	@touch $@

$(LINTERS): $(INSTALLED)
	$(call install,$(EDITABLE) -e '.[lint]',the linters)
	@touch $@

$(SPHINX): $(INSTALLED)
	$(call install,$(EDITABLE) -e '.[docs]',Sphinx)
	@touch $@
