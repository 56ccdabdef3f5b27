"""Tests in layers that are instances rather than classes, some of them named by strings."""
import unittest

from sample3 import layers


class TestDatabase(unittest.TestCase):

    layer = layers.Database

    def test_on(self):
        self.assertTrue(layers.Database.on)

    def test_busy(self):
        self.assertTrue(layers.Database.busy)


class TestSite(unittest.TestCase):

    layer = layers.Site

    def test_bases_are_on(self):
        self.assertTrue(layers.Database.on and layers.Cache.on)

    def test_bases_are_busy(self):
        self.assertTrue(layers.Database.busy and layers.Cache.busy)


class TestCache(unittest.TestCase):

    layer = 'sample3.layers.Cache'

    def test_on(self):
        self.assertTrue(layers.Cache.on)


class TestBare(unittest.TestCase):

    layer = layers.Bare

    def test_nothing_else_is_busy(self):
        self.assertFalse(layers.Database.busy or layers.Cache.busy or layers.Site.busy)
