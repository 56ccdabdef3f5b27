"""Four kinds of tests that all end well, for each of the upper sample layers."""
import unittest

import samplelayers
from samplelayers import order


class Kinds:
    """A test with sub-tests, one with cleanups, one that is expected to fail, and one with a heavy attribute."""

    layer = samplelayers.Layer1

    def setUp(self):
        self.heavy = bytearray(100_000)

    def test_cleanups(self):
        done = []
        self.addCleanup(self.assertEqual, done, ['last', 'first'])
        self.addCleanup(done.append, 'first')
        self.addCleanup(done.append, 'last')

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.assertEqual(order.opened, [])

    def test_heavy(self):
        self.assertEqual(len(self.heavy), 100_000)

    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                order.inside_test(self.layer)


class KindsInLayer11(Kinds, unittest.TestCase):
    layer = samplelayers.Layer11


class KindsInLayer12(Kinds, unittest.TestCase):
    layer = samplelayers.Layer12


class KindsInLayer111(Kinds, unittest.TestCase):
    layer = samplelayers.Layer111


class KindsInLayer112(Kinds, unittest.TestCase):
    layer = samplelayers.Layer112


class KindsInLayer121(Kinds, unittest.TestCase):
    layer = samplelayers.Layer121


class KindsInLayer122(Kinds, unittest.TestCase):
    layer = samplelayers.Layer122
