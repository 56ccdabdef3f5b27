"""Two thousand tests that each put 100,000 bytes on themselves, and the same without.

A runner that keeps what tests leave on their instances needs 200 MB more for ``-t Heavy`` than for ``-t Light``.
"""
import unittest

TESTS = 2_000


class Heavy(unittest.TestCase):

    def setUp(self):
        self.data = bytearray(100_000)

    def check(self):
        self.assertEqual(len(self.data), 100_000)


class Light(unittest.TestCase):

    def check(self):
        self.assertEqual(self.countTestCases(), 1)


for number in range(TESTS):
    setattr(Heavy, f'test_{number:04}', Heavy.check)
    setattr(Light, f'test_{number:04}', Light.check)
