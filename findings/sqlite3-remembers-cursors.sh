#!/usr/bin/env bash
# sqlite3 of CPython 3.11 to 3.14: a connection keeps a weak reference to every cursor that it has made, dead ones included, until it
# has made two hundred more.
#
# `connection.execute()` makes a cursor each time.  The cursor is gone at once, the list that remembers it is longer by one,
# which is 72 bytes and a memory block for each call: up to 200 of them, and then all go at once.  Python 3.15 keeps no list.
set -euo pipefail
"${PYTHON:-python3}" - <<'PY'
import gc, sqlite3, sys
connection = sqlite3.connect(":memory:")
for _ in range(3):
    connection.execute("select 1").fetchall()
def blocks():
    gc.collect()
    return sys.getallocatedblocks()
changes = []
before = blocks()
for _ in range(450):
    connection.execute("select 1").fetchall()
    now = blocks()
    changes.append(now - before)
    before = now
rises = sum(change > 0 for change in changes)
print(sys.version.split()[0], "calls after which there is more:", rises, "of 450; at most given back at once:", -min(changes))
assert (rises > 400 and min(changes) < -150) if sys.version_info < (3, 15) else rises < 20
PY
