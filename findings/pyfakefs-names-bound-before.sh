#!/usr/bin/env bash
# pyfakefs 6.3.2: a name that a module bound by `from os import write`, long before the patcher began, is a fake while it is active,
# and cannot write to a pipe that was open before.
#
# So a module does not get out of the way by taking its own reference.  What is kept in an attribute of a class is not found.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check pyfakefs==6.3.2
cat > keeps.py <<'PY'
import os
from os import write as bound
class Kept:
    write = os.write
PY
env/bin/python - <<'PY'
import os
import keeps
from pyfakefs.fake_filesystem_unittest import Patcher
reading, writing = os.pipe()
original = keeps.bound
with Patcher():
    is_other = keeps.bound is not original
    try:
        keeps.bound(writing, b"x")
        problem = None
    except OSError as error:
        problem = type(error).__name__
    kept = keeps.Kept.write(writing, b"y")
print("the bound name is another function:", is_other, " writing with it:", problem, " with the attribute of a class:", kept)
assert is_other and problem == "OSError" and kept == 1 and keeps.bound is original
PY
