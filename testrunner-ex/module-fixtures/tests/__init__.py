"""Test modules with ``setUpModule`` and ``tearDownModule`` that work, fail or skip."""
