"""Found with ``--package-path plugins company.plugins``, and imported under that name."""
import unittest


class PackagePath(unittest.TestCase):

    def test_name_of_the_module(self):
        self.assertEqual(__name__, 'company.plugins.tests')
