"""Coroutines as tests."""
import asyncio
import unittest


class Service:
    """Something that must be closed."""

    is_open = False

    async def __aenter__(self):
        await asyncio.sleep(0)
        self.is_open = True
        return self

    async def __aexit__(self, *problem):
        await asyncio.sleep(0)
        self.is_open = False


class AsyncTests(unittest.IsolatedAsyncioTestCase):

    def setUp(self):
        self.steps = ['setUp']

    async def asyncSetUp(self):
        self.service = await self.enterAsyncContext(Service())
        self.steps.append('asyncSetUp')
        self.addAsyncCleanup(self.close)

    async def asyncTearDown(self):
        self.assertTrue(self.service.is_open)

    async def close(self):
        await asyncio.sleep(0)
        self.steps.append('closed')

    async def test_awaits(self):
        await asyncio.sleep(0)
        self.assertEqual(self.steps, ['setUp', 'asyncSetUp'])

    async def test_tasks(self):
        async def double(number):
            await asyncio.sleep(0)
            return 2 * number
        self.assertEqual(await asyncio.gather(*map(double, range(3))), [0, 2, 4])

    def test_plain_method(self):
        self.assertTrue(self.service.is_open)


class AsyncProblems(unittest.IsolatedAsyncioTestCase):

    async def test_fails(self):
        await asyncio.sleep(0)
        self.fail('late')

    async def test_times_out(self):
        async with asyncio.timeout(0):
            await asyncio.sleep(60)

    async def test_skips(self):
        self.skipTest('no network')

    async def test_subtests(self):
        for number in range(2):
            with self.subTest(number=number):
                await asyncio.sleep(0)
                self.assertEqual(number, 0)
