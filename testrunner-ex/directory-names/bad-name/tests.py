"""Tests in the folder bad-name."""
import unittest


class Tests(unittest.TestCase):

    def test_found(self):
        self.assertEqual(__name__, 'bad-name.tests')
