"""Putting a run together from its options: outputs, executor, and what callers see of it."""
