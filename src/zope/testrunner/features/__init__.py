"""Which features a run has, and those that nobody imports by name."""
