"""Whole-process benchmarks of this test runner beside its peers: ``python -m benchmarks``."""
