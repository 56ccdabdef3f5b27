#!/usr/bin/env bash
# zope.interface 8.1: a class that is local to a function, and whose instance directly provides an interface, is still there after a
# garbage collection, and goes with the second one.
#
# The first collection ends the declarations, and only then the class is unreachable.  Whoever counts objects around such
# code after one collection counts the class, its namespace and its methods.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check zope.interface==8.1
env/bin/python - <<'PY'
import gc, weakref
from zope.interface import Interface, directlyProvides

class IThing(Interface):
    pass

def local(provides):
    class Local:
        pass
    thing = Local()
    if provides:
        directlyProvides(thing, IThing)
    return weakref.ref(Local)

def collections(provides):
    gc.collect()
    seen = local(provides)
    for number in range(10):
        if seen() is None:
            return number
        gc.collect()
    return "more than 10"

gc.disable()
print("collections until the class is gone:", collections(True), " without the declaration:", collections(False))
assert (collections(True), collections(False)) == (2, 1)
PY
