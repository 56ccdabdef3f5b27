"""A test module without tests."""


def helper():
    """Nothing to run here."""
