#!/usr/bin/env bash
# time-machine 3.6.0: a reference to `time.time` that was taken before travelling travels as well, and so do the functions that
# somebody keeps in a class; `time.perf_counter` does not.
#
# It changes the functions of C themselves.  The usual protection, to keep the original function somewhere safe, protects from
# freezegun and from mocks, and not from this.  `clock_gettime(CLOCK_REALTIME)` travels too.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check time-machine==3.6.0
env/bin/python - <<'PY'
import time
class Kept:
    time, realtime, perf_counter = time.time, time.clock_gettime, time.perf_counter
import time_machine
before = Kept.perf_counter()
with time_machine.travel(0, tick=False):
    seen = Kept.time(), Kept.realtime(time.CLOCK_REALTIME), Kept.perf_counter() >= before
print("saved time.time():", seen[0], " saved clock_gettime(CLOCK_REALTIME):", seen[1], " perf_counter goes on:", seen[2])
assert seen == (0.0, 0.0, True)
PY
