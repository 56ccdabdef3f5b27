"""A user who presses Ctrl-C in the middle, and a test that asks to end the program."""
import unittest


class Street:
    """Must be torn down although the run is cut short."""

    @classmethod
    def setUp(cls):
        print('street is open')

    @classmethod
    def tearDown(cls):
        print('street is closed')


class Exits(unittest.TestCase):
    """A unit test: an error like others, and the run goes on."""

    def test_exit(self):
        raise SystemExit(3)


class Interrupted(unittest.TestCase):

    layer = Street

    def test_1_passes(self):
        pass

    def test_2_fails(self):
        self.fail('known before the interruption')

    def test_3_interrupts(self):
        raise KeyboardInterrupt

    def test_4_never_run(self):
        self.fail('never reached')
