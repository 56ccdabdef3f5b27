#!/usr/bin/env bash
# pyodide 314.0.7 (CPython 3.14 for WebAssembly, under Node.js): `sys.getallocatedblocks()` is there, raises nothing, and is always 0.
#
# The allocator that it counts for is not part of the build.  A difference of two readings is 0 whatever was kept in between,
# so that code which looks for leaks by it finds none, and says so.  `threading.Thread.start` raises RuntimeError at once.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-fund --no-audit pyodide@314.0.7 > /dev/null
cat > run.mjs <<'JS'
import { loadPyodide } from "pyodide";
const python = await loadPyodide();
console.log(python.runPython(`
import sys, threading
before = sys.getallocatedblocks()
kept = [object() for _ in range(100_000)]
after = sys.getallocatedblocks()
try:
    threading.Thread(target=print).start()
    thread = "started"
except RuntimeError as error:
    thread = str(error)
f"{sys.version.split()[0]}: blocks {before} {after} with {len(kept)} objects kept; a thread: {thread}"
`));
JS
node run.mjs | tee said
grep -q ': blocks 0 0 with 100000 objects kept; a thread: can' said
