"""What pytest does otherwise with these tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those first that look at all objects many times, before reports on other tests are added to these."""
    items.sort(key=lambda item: "leaks" not in item.path.parts)
