"""What watches a test beside its outcome: leaks, memory, garbage, what it leaves behind."""
