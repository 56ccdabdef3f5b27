"""Running tests: everything in here acts and emits events, and nothing in here formats or prints."""
