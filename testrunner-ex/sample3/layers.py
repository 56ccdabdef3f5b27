"""Instance layers: objects with a name and a tuple of bases, here services that need each other."""
import samplelayers


class Service:
    """A layer that is switched on and off, and counts the tests it has served."""

    def __init__(self, name, *bases):
        self.__name__ = name
        self.__bases__ = bases
        self.on = False
        self.busy = False

    def setUp(self):
        if self.on or not all(base.on for base in self.__bases__ if isinstance(base, Service)):
            raise samplelayers.WrongOrder(f'{self.__name__} is switched on at a wrong moment')
        self.on = True

    def tearDown(self):
        if not self.on or self.busy:
            raise samplelayers.WrongOrder(f'{self.__name__} is switched off at a wrong moment')
        self.on = False

    def testSetUp(self):
        if not self.on or self.busy:
            raise samplelayers.WrongOrder(f'{self.__name__} is off or already busy')
        self.busy = True

    def testTearDown(self):
        if not self.busy:
            raise samplelayers.WrongOrder(f'{self.__name__} has no test to finish')
        self.busy = False


class BareLayer:
    """The least a layer can be: three attributes, no hooks."""

    __bases__ = ()

    def __init__(self, name):
        self.__name__ = name


Database = Service('Database')
Cache = Service('Cache')
Site = Service('Site', Database, Cache)
Bare = BareLayer('Bare')
