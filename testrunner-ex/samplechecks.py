"""Test methods that the sample modules share; each module puts them into layers of its own choice."""
import sys

from samplelayers import Layer1, chain, order


class InItsLayer:
    """Three checks for a test class with a `layer`, or for unit tests, which have none."""

    def test_x1(self):
        order.inside_test(getattr(self, 'layer', None))

    def test_x2(self):
        self.assertNotIn('scratch', vars(self))
        self.scratch = ['given up when the test is over']

    def test_x3(self):
        self.addCleanup(order.inside_test, getattr(self, 'layer', None))


class OnItsLayers:
    """Five checks more, about the layers that a layer is built on."""

    layer = Layer1

    def setUp(self):
        order.inside_test(self.layer)
        self.chain = chain(self.layer)

    def tearDown(self):
        order.inside_test(self.layer)
        del self.chain

    def test_all_layers_below_stand(self):
        self.assertEqual(order.standing, self.chain)

    def test_all_layers_below_prepared_the_test(self):
        self.assertEqual(order.opened, self.chain)

    def test_chain_begins_with_layer_1(self):
        self.assertIs(self.chain[0], Layer1)

    def test_no_standing_layer_is_built_on_this_one(self):
        self.assertIs(order.standing[-1], self.layer)

    def test_layer_comes_from_its_module(self):
        self.assertIs(getattr(sys.modules['samplelayers'], self.layer.__name__), self.layer)
