"""Start one process, wait for it, and say what it used: ``launcher.py DESCRIPTOR WORD...``.

Run by :mod:`benchmarks.measure` alone. The operating system counts the peak memory of the process that
starts a child as the child's. So the starter is this file in an interpreter of its own (``-I -S``), smaller
than anything that is measured, and it imports only what is built in. Everything but the words (directory,
variables, output) is inherited.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Write wait status, CPU seconds, elapsed seconds and ``ru_maxrss`` of the process to the descriptor."""
    words = sys.argv[2:]
    began = time.perf_counter()
    process = os.posix_spawn(words[0], words, os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - began
    os.write(
        int(sys.argv[1]), f"{status} {usage.ru_utime + usage.ru_stime} {wall} {usage.ru_maxrss}".encode()
    )


main()
