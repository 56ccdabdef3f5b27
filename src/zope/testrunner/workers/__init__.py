"""Child processes that run tests: scheduler, launchers, the channel, the worker itself, and the merge of its events."""
