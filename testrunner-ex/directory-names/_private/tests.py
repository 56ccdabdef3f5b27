"""Tests in the folder _private."""
import unittest


class Tests(unittest.TestCase):

    def test_found(self):
        self.assertEqual(__name__, '_private.tests')
