"""What the benchmarks raise when they cannot go on; the message is one line for people."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The benchmarks cannot go on; the text says what is wrong and what to do."""
