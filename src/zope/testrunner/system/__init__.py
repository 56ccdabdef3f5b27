"""What the rest stands on: the system as it was before any test, and small values; nothing of the runner."""
