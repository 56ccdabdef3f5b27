"""Tests that leave something behind: cycles, uncollectable objects, threads."""
import gc
import threading
import unittest


class Node:
    """One end of a reference cycle."""

    def __init__(self, other=None):
        self.other = other


class Cycles(unittest.TestCase):
    """Best seen with ``--gc-after-test`` and two or more ``-v``."""

    def test_cycle(self):
        first = Node()
        second = Node(first)
        first.other = second

    def test_cycle_with_itself(self):
        node = Node()
        node.other = node

    def test_no_cycle(self):
        Node(Node())


class Garbage(unittest.TestCase):
    """What an extension module without garbage-collector support does to `gc.garbage`, done by hand."""

    def test_garbage(self):
        gc.garbage.append(Node('uncollectable'))

    def test_no_garbage(self):
        self.assertTrue(gc.isenabled())


class Threads(unittest.TestCase):
    """The threads wait for an event that a test of the next class sets, so that no run has to wait for them."""

    def test_finished_thread(self):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    def test_named_thread(self):
        threading.Thread(target=done.wait, args=(5,), name='baker', daemon=True).start()

    def test_two_threads(self):
        for number in (1, 2):
            threading.Thread(target=done.wait, args=(5,), name=f'miller-{number}', daemon=True).start()


class ThreadsEnd(unittest.TestCase):

    def test_tell_them(self):
        done.set()
        for thread in threading.enumerate():
            if thread.name.startswith(('baker', 'miller')):
                thread.join(5)


done = threading.Event()
