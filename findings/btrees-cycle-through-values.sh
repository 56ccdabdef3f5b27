#!/usr/bin/env bash
# BTrees 6.4: a cycle that goes through what `BTree.values()` returns is never collected.
#
# The object that `values()`, `items()` and `keys()` give refers to the tree, but does not tell the garbage collector so.  An
# object in the tree that keeps such a view of it, as for later iteration, is alive for ever: `gc.collect()` finds nothing,
# and a weak reference to the object stays good.  The same with `dict.values()` is collected.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check BTrees==6.4
env/bin/python - <<'PY'
import gc, weakref
from BTrees.OOBTree import OOBTree

class Holder:
    pass

def survives(mapping):
    holder = Holder()
    mapping["holder"] = holder
    holder.view = mapping.values()
    seen = weakref.ref(holder)
    del holder, mapping
    for _ in range(3):
        gc.collect()
    return seen() is not None

tree, plain = survives(OOBTree()), survives({})
print("alive after three collections: through OOBTree.values():", tree, " through dict.values():", plain)
assert (tree, plain) == (True, False)
PY
