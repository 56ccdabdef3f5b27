"""Names, messages and output outside ASCII, and text that no encoding can carry."""
import sys
import unittest


class Größe(unittest.TestCase):
    """Identifiers may use any letter."""

    def test_änderung(self):
        self.assertEqual('straße'.upper(), 'STRASSE')

    def test_описание(self):
        """Описание на русском."""

    def test_fails(self):
        self.assertEqual('naïve café', 'naive cafe')

    def test_wide_message(self):
        self.fail('日本語のメッセージ 🥖')

    def test_lone_surrogate(self):
        self.fail('not a character: \udcff')

    def test_control_characters(self):
        self.fail('bell \x07, escape \x1b[31m, null \x00, record separator \x1e')

    def test_prints(self):
        print('žluťoučký kůň')
        print('χαίρετε', file=sys.stderr)

    @unittest.skip('無効')
    def test_skipped(self):
        self.fail('never reached')

    def test_subtest(self):
        for word in ('brød', 'maçã'):
            with self.subTest(word=word):
                self.assertTrue(word.isascii())
