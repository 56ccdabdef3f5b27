"""Unit tests, and eight tests for each of the upper sample layers."""
import unittest

import samplelayers
from samplechecks import InItsLayer, OnItsLayers


class UnitTests(InItsLayer, unittest.TestCase):
    """No layer: these run first, while no sample layer stands."""

    def test_description(self):
        """A test with a docstring is still listed by its name."""
        self.assertEqual(self.shortDescription(), 'A test with a docstring is still listed by its name.')


class InLayer1(InItsLayer, unittest.TestCase):
    layer = samplelayers.Layer1


class InLayer11(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer11


class InLayer12(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer12


class InLayer111(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer111


class InLayer112(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer112


class InLayer121(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer121


class InLayer122(InItsLayer, OnItsLayers, unittest.TestCase):
    layer = samplelayers.Layer122
