"""Tests in the folder good_name."""
import unittest


class Tests(unittest.TestCase):

    def test_found(self):
        self.assertEqual(__name__, 'good_name.tests')
