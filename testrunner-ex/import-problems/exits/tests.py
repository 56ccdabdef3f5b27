"""A test module that tries to end the program, as scripts without a ``__name__`` guard do."""
import sys

sys.exit('this is a script')
