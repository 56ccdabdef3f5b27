"""A test module that Python cannot compile."""

class Unfinished(:
    pass
