"""The standard streams of tests, and of debuggers that talk over them."""
