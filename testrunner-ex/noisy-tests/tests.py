"""Tests that write to the streams of the process, in all the ways in which it is done."""
import logging
import os
import subprocess
import sys
import unittest


class Quiet(unittest.TestCase):

    def test_quiet(self):
        pass


class Printing(unittest.TestCase):

    def test_stdout(self):
        print('a line on stdout')

    def test_stderr(self):
        print('a line on stderr', file=sys.stderr)

    def test_no_line_end(self):
        sys.stdout.write('no line end')

    def test_failing(self):
        print('stdout before the failure')
        print('stderr before the failure', file=sys.stderr)
        self.fail('after printing')

    def test_erring(self):
        print('stdout before the error')
        raise ValueError('after printing')

    def test_skipping(self):
        print('stdout before the skip')
        self.skipTest('after printing')

    def test_subtests(self):
        for number in range(2):
            with self.subTest(number=number):
                print(f'stdout of sub-test {number}')
                self.assertEqual(number, 0)


class BelowPython(unittest.TestCase):
    """Writes that do not go through `sys.stdout` as Python sees it."""

    def test_bytes(self):
        sys.stdout.flush()
        stream = getattr(sys.stdout, 'buffer', None)
        if stream is None:
            self.skipTest('stdout takes no bytes here')
        stream.write(b'bytes on stdout \xff\n')
        stream.flush()

    def test_file_descriptor(self):
        sys.stdout.flush()
        os.write(1, b'bytes on file descriptor 1\n')

    def test_child_process(self):
        sys.stdout.flush()
        subprocess.run([sys.executable, '-c', 'print("a line from a child process")'], check=True)

    def test_original_stream(self):
        print('a line on sys.__stdout__', file=sys.__stdout__, flush=True)


class Logging(unittest.TestCase):

    def test_log(self):
        logging.getLogger('bakery').warning('a log record')
