"""Test classes with ``setUpClass`` and ``tearDownClass`` that work, fail or skip."""
