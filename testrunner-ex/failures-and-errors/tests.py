"""Every way in which a single test can end."""
import unittest


class Passing(unittest.TestCase):

    def test_passes(self):
        self.assertTrue(True)


class Failing(unittest.TestCase):

    def test_fails(self):
        self.fail('the milk is sour')

    def test_compares(self):
        self.assertEqual({'milk': 1, 'bread': 2}, {'milk': 1, 'bread': 3})

    def test_message_of_several_lines(self):
        self.fail('first line\nsecond line\n\nfourth line')

    def test_bare_assert(self):
        assert 1 + 1 == 3, 'arithmetic is out of order'


class Erring(unittest.TestCase):

    def test_raises(self):
        raise ValueError('no such shop')

    def test_raises_without_a_message(self):
        raise KeyError

    def test_message_that_cannot_be_made(self):
        class Unprintable(Exception):
            def __str__(self):
                raise RuntimeError('speechless')
        raise Unprintable

    def test_deep_recursion(self):
        def again():
            again()
        again()

    def test_group(self):
        raise ExceptionGroup('two shops', [ValueError('closed'), KeyError('lost')])


class Fixtures(unittest.TestCase):
    """The same fixtures for each test; the name of the test says which of them goes wrong."""

    def setUp(self):
        if 'set_up' in self.id():
            raise OSError('cannot open the door')

    def tearDown(self):
        if 'tear_down' in self.id():
            raise OSError('cannot close the door')

    def test_set_up(self):
        self.fail('never reached')

    def test_tear_down(self):
        pass

    def test_body_and_tear_down(self):
        self.fail('first problem')

    def test_cleanups(self):
        self.addCleanup(self.fail, 'cleanup that fails')
        self.addCleanup({}.pop, 'cleanup that errs')

    def test_body_and_cleanup_and_tear_down(self):
        self.addCleanup({}.pop, 'third problem')
        raise ValueError('first problem')


class SubTests(unittest.TestCase):

    def test_some_fail(self):
        for number in range(5):
            with self.subTest('even', number=number):
                self.assertEqual(number % 2, 0)

    def test_errors_and_failures(self):
        with self.subTest(kind='failure'):
            self.fail('one')
        with self.subTest(kind='error'):
            raise LookupError('two')
        with self.subTest(kind='skip'):
            self.skipTest('three')
        self.fail('four')

    def test_all_pass(self):
        for number in range(5):
            with self.subTest(number=number):
                pass


class ExpectedToFail(unittest.TestCase):

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail('as everybody knows')

    @unittest.expectedFailure
    def test_expected_error(self):
        raise ValueError('as everybody knows')

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass


class Skipped(unittest.TestCase):

    @unittest.skip('out of season')
    def test_by_decorator(self):
        self.fail('never reached')

    @unittest.skipIf(True, '')
    def test_without_a_reason(self):
        self.fail('never reached')

    def test_in_the_body(self):
        self.skipTest('shop is closed')

    def test_by_exception(self):
        raise unittest.SkipTest('shop has moved')


class SkippedInSetUp(unittest.TestCase):

    def setUp(self):
        self.skipTest('no car')

    def test_skipped(self):
        self.fail('never reached')


@unittest.skip('whole class out of season')
class SkippedClass(unittest.TestCase):

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.fail('never reached')


def open_shop():
    try:
        {}['key']
    except KeyError:
        raise OSError('door is locked') from None


def open_shop_because():
    try:
        {}['key']
    except KeyError as missing:
        raise OSError('door is locked') from missing


def stumble():
    try:
        {}['key']
    finally:
        raise OSError('stumbled while looking')


class Chained(unittest.TestCase):

    def test_cause(self):
        open_shop_because()

    def test_context(self):
        stumble()

    def test_suppressed(self):
        open_shop()

    def test_note(self):
        problem = ValueError('with notes')
        problem.add_note('first note')
        problem.add_note('second note')
        raise problem


class Supplement:
    """What the traceback formatter of zope.exceptions asks about a frame."""

    source_url = 'shop/menu.pt'
    line = 7
    column = 3
    expression = 'price / pieces'
    warnings = ('pieces may be zero',)

    def __init__(self, *ignored):
        pass

    def getInfo(self):
        return '   - menu of the day'


class ExplainedTracebacks(unittest.TestCase):

    def test_traceback_info(self):
        __traceback_info__ = ('basket', 3)  # noqa: F841 - read by the traceback formatter
        raise ValueError('too heavy')

    def test_traceback_supplement(self):
        __traceback_supplement__ = (Supplement, self)  # noqa: F841 - read by the traceback formatter
        raise ZeroDivisionError('pieces')
