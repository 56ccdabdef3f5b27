#!/usr/bin/env bash
# lxml 6.0.2: every error that libxml2 reports takes memory, until about a hundred of them are kept; then it goes up and down.
#
# The parser is gone, the exception is gone, and `sys.getallocatedblocks()` is higher after every call all the same, as lxml
# keeps a log for each thread.  A hunt for leaks that looks at a dozen repetitions takes that for a leak.
# `lxml.etree.clear_error_log()` gives it all back.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check lxml==6.0.2
env/bin/python - <<'PY'
import gc, sys
from lxml import etree

def fail():
    try:
        etree.fromstring("<open>")
    except etree.XMLSyntaxError:
        pass

def blocks():
    gc.collect()
    return sys.getallocatedblocks()

for _ in range(5):
    fail()
before = blocks()
rises = []
for _ in range(20):
    fail()
    now = blocks()
    rises.append(now - before)
    before = now
for _ in range(400):
    fail()
full = blocks()
for _ in range(400):
    fail()
later = blocks()
etree.clear_error_log()
print("change per error, the first 20:", rises, " 400 more errors when full:", later - full, " emptied:", blocks() - later)
assert sum(rise > 0 for rise in rises) >= 18 and abs(later - full) < 400 and blocks() < later - 100
PY
