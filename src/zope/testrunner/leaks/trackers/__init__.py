"""What is counted: one tracker a module."""
