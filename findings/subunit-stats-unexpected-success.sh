#!/usr/bin/env bash
# python-subunit 1.4.5: `subunit-stats` ends with status 0 for a stream in which a test that was expected to fail has passed.
#
# unittest calls such a run failed (`TestResult.wasSuccessful()` is False since Python 3.4), and so does `python -m unittest`,
# which ends with status 1.  The same run as a stream of subunit v2 (status `uxsuccess`) is counted under "Passed tests",
# and the status of `subunit-stats` is 0.  Whoever decides by it lets the run pass.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q --disable-pip-version-check python-subunit==1.4.5 testtools==2.8.1
cat > test_it.py <<'PY'
import unittest
class T(unittest.TestCase):
    @unittest.expectedFailure
    def test_passes_after_all(self):
        pass
PY
unittest=0; env/bin/python -m unittest test_it > /dev/null 2>&1 || unittest=$?
env/bin/python -m subunit.run test_it > stream 2> /dev/null || true
stats=0; env/bin/subunit-stats < stream > counts || stats=$?
cat counts
echo "python -m unittest: status $unittest; subunit-stats: status $stats"
[ "$unittest" != 0 ] && [ "$stats" = 0 ] && grep -q 'Failed tests: *0' counts
