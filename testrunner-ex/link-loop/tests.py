"""One test at the top, one below; with a symbolic link back to the top they are still two.

The loop itself is not kept in the project, as not every system and tool copes with one: ``python make_loop.py FOLDER``
copies this folder and adds it.
"""
import unittest


class Top(unittest.TestCase):

    def test_top(self):
        pass
