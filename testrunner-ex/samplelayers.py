r"""A family of class layers that check the order in which a test runner calls them.

::

                     Layer1
                   /        \
             Layer11          Layer12
            /      \          /      \
      Layer111  Layer112  Layer121  Layer122

`Layer1` defines the four hooks as class methods; the others inherit them, and each hook is called once for every
layer of a chain.  The hooks report to `order`, which refuses a step that comes at a wrong moment, so a runner that
forgets a base, sets a layer up twice, keeps a layer that is no longer needed or closes tests in the wrong order makes
a layer or a test fail.
"""


class WrongOrder(AssertionError):
    """A layer hook was called at a moment when it must not be called."""


def chain(layer):
    """The layers that `layer` is built on, bases first, with `layer` itself at the end."""
    bases = [base for base in layer.__bases__ if base is not object]
    return [lower for base in bases for lower in chain(base)] + [layer]


def names(layers):
    """The names of `layers` for a message."""
    return ', '.join(layer.__name__ for layer in layers) or 'none'


class Order:
    """Which sample layers stand, and which of them have been told about the current test."""

    def __init__(self):
        self.standing = []
        self.opened = []

    def set_up(self, layer):
        """Accept that `layer` is being set up: its bases stand, and nothing else does."""
        self._nothing_opened(layer, 'setUp')
        self._expect(layer, 'setUp', 'standing', chain(layer)[:-1], self.standing)
        self.standing.append(layer)

    def tear_down(self, layer):
        """Accept that `layer` is being torn down: it stands, and nothing that is built on it does."""
        self._nothing_opened(layer, 'tearDown')
        self._expect(layer, 'tearDown', 'standing', chain(layer), self.standing)
        self.standing.remove(layer)

    def test_set_up(self, layer):
        """Accept that `layer` prepares for a test: its bases have done so, it has not."""
        self._expect(layer, 'testSetUp', 'opened', chain(layer)[:-1], self.opened)
        if layer not in self.standing:
            raise WrongOrder(f'testSetUp of {layer.__name__}, which is not set up')
        self.opened.append(layer)

    def test_tear_down(self, layer):
        """Accept that `layer` tidies up after a test: the layers built on it have done so already."""
        self._expect(layer, 'testTearDown', 'opened', chain(layer), self.opened)
        self.opened.remove(layer)

    def inside_test(self, layer):
        """Make sure that a test of `layer` runs in that layer and no other; without a layer, in none of ours."""
        expected = chain(layer) if layer is not None else []
        if self.standing != expected or self.opened != expected:
            raise WrongOrder(f'a test needs {names(expected)}; standing: {names(self.standing)}; '
                             f'prepared for this test: {names(self.opened)}')

    def _nothing_opened(self, layer, hook):
        if self.opened:
            raise WrongOrder(f'{hook} of {layer.__name__} inside a test of {names(self.opened)}')

    def _expect(self, layer, hook, what, expected, found):
        if found != expected:
            raise WrongOrder(f'{hook} of {layer.__name__}; {what} should be {names(expected)}, is {names(found)}')


order = Order()


class Layer1:

    @classmethod
    def setUp(cls):
        order.set_up(cls)

    @classmethod
    def tearDown(cls):
        order.tear_down(cls)

    @classmethod
    def testSetUp(cls):
        order.test_set_up(cls)

    @classmethod
    def testTearDown(cls):
        order.test_tear_down(cls)


class Layer11(Layer1):
    pass


class Layer12(Layer1):
    pass


class Layer111(Layer11):
    pass


class Layer112(Layer11):
    pass


class Layer121(Layer12):
    pass


class Layer122(Layer12):
    pass


UPPER_LAYERS = (Layer11, Layer12, Layer111, Layer112, Layer121, Layer122)
