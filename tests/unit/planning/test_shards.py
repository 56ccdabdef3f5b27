from __future__ import annotations

import random
import unittest
from collections import Counter

from zope.testrunner.core.model import LayerName, LayerPlan, Plan, Reason, TestRef
from zope.testrunner.exceptions import UsageError
from zope.testrunner.planning.shards import Shard, Weights, asked_for, part_of, read_shard

UNIT = LayerName("zope.testrunner.layer.UnitTests")
COUNTED = Weights(lambda test: test.countTestCases(), lambda name: 0)


class Case(unittest.TestCase):
    """A test with any id."""

    def __init__(self, name: str) -> None:
        super().__init__("fine")
        self.name = name

    def fine(self) -> None: ...

    def id(self) -> str:
        return self.name


class WithFixture(Case):
    @classmethod
    def setUpClass(cls) -> None: ...


class Splittable:
    splittable = True


class Whole:
    pass


def ids(plan: Plan) -> Counter[tuple[str, str]]:
    return Counter((layer.name, TestRef(test, layer.name).id) for layer in plan.layers for test in layer.suite)


def layer(name: str, *tests: Case) -> LayerPlan:
    return LayerPlan(LayerName(name), unittest.TestSuite(tests))


def plan_of_tests(number: int) -> Plan:
    return Plan((layer(UNIT, *(Case(f"mod.Class{index // 10:03}.test_{index:04}") for index in range(number))),))


class RandomPlan:
    """A plan with layers of all kinds, weights, and the layers by name."""

    def __init__(self, source: random.Random) -> None:
        self.layers: dict[LayerName, object] = {}
        plans = []
        for number in range(source.randrange(6)):
            name = LayerName(f"layers.Layer{number}") if number or source.random() < 0.2 else UNIT
            self.layers[name] = source.choice([Whole, Splittable])
            kinds = [Case, Case, WithFixture]
            # Ids may be the same, within a layer and across layers.
            tests = [
                source.choice(kinds)(f"mod{source.randrange(4)}.test_{source.randrange(60)}")
                for _ in range(source.randrange(1, 60))
            ]
            plans.append(LayerPlan(name, unittest.TestSuite(tests)))
        source.shuffle(plans)
        self.plan = Plan(tuple(plans))
        costs = {f"mod{one}.test_{two}": source.choice([1, 3, 1000, 77777]) for one in range(4) for two in range(60)}
        hooks = {name: source.choice([0, 5, 10**6]) for name in self.layers}
        known = Weights(lambda test: costs[test.id()], lambda name: hooks[name])
        self.weights = source.choice([COUNTED, known])

    def parts(self, total: int) -> list[Plan]:
        return [part_of(self.plan, self.layers, Shard(number + 1, total), self.weights) for number in range(total)]

    def shuffled(self, source: random.Random) -> RandomPlan:
        other = object.__new__(RandomPlan)
        layers = []
        for each in source.sample(self.plan.layers, len(self.plan.layers)):
            tests = list(each.suite)
            layers.append(LayerPlan(each.name, unittest.TestSuite(source.sample(tests, len(tests)))))
        other.plan, other.layers, other.weights = Plan(tuple(layers)), self.layers, self.weights
        return other


class TestPartition(unittest.TestCase):
    def test_all_shards_together_are_the_plan_and_have_nothing_twice(self) -> None:
        source = random.Random(11)
        for _ in range(120):
            made = RandomPlan(source)
            together: Counter[tuple[str, str]] = Counter()
            objects: list[int] = []
            for part in made.parts(source.randrange(1, 9)):
                together += ids(part)
                objects += [id(test) for test in part.tests()]
            self.assertEqual(ids(made.plan), together)
            self.assertEqual(sorted(map(id, made.plan.tests())), sorted(objects))

    def test_a_shard_has_the_same_tests_whatever_their_order(self) -> None:
        source = random.Random(12)
        for _ in range(80):
            made, total = RandomPlan(source), source.randrange(1, 6)
            parts, others = made.parts(total), made.shuffled(source).parts(total)
            self.assertEqual([ids(part) for part in parts], [ids(part) for part in others])

    def test_tests_keep_their_order(self) -> None:
        made = RandomPlan(random.Random(14))
        for part in made.parts(3):
            for each in part.layers:
                before = next(list(whole.suite) for whole in made.plan.layers if whole.name == each.name)
                places = [before.index(test) for test in each.suite]
                self.assertEqual(sorted(places), places)

    def test_one_shard_is_everything(self) -> None:
        made = RandomPlan(random.Random(15))
        self.assertEqual(made.plan.layers, made.parts(1)[0].layers)

    def test_what_is_in_other_shards_is_counted(self) -> None:
        part = part_of(plan_of_tests(10), {}, Shard(1, 3), COUNTED)
        (rejected,) = part.rejected
        self.assertEqual((Reason.SHARD, 10 - part.size), (rejected.reason, rejected.count))

    def test_an_empty_plan_has_empty_shards(self) -> None:
        self.assertEqual(Plan(), part_of(Plan(), {}, Shard(2, 3), COUNTED))


class TestWhole(unittest.TestCase):
    def parts(self, plan: Plan, total: int, layers: dict[LayerName, object]) -> list[Plan]:
        return [part_of(plan, layers, Shard(number + 1, total), COUNTED) for number in range(total)]

    def test_a_layer_stays_whole(self) -> None:
        name = LayerName("mod.Whole")
        plan = Plan((layer(name, *(Case(f"m.t{number}") for number in range(50))),))
        self.assertEqual([0, 50], sorted(part.size for part in self.parts(plan, 2, {name: Whole})))

    def test_a_layer_that_says_so_is_divided(self) -> None:
        name = LayerName("mod.Splittable")
        plan = Plan((layer(name, *(Case(f"m.t{number}") for number in range(50))),))
        self.assertEqual([25, 25], [part.size for part in self.parts(plan, 2, {name: Splittable})])

    def test_a_layer_that_cannot_be_found_stays_whole(self) -> None:
        plan = Plan((layer("mod.Lost", Case("a"), Case("b")),))
        self.assertEqual([0, 2], sorted(part.size for part in self.parts(plan, 2, {})))

    def test_tests_of_a_class_with_fixtures_stay_together(self) -> None:
        tests = [kind(f"m.t{number}") for number in range(30) for kind in (Case, WithFixture)]
        parts = self.parts(Plan((layer(UNIT, *tests),)), 3, {})
        with_fixture = [sum(isinstance(test, WithFixture) for test in part.tests()) for part in parts]
        self.assertEqual([0, 0, 30], sorted(with_fixture))


class TestBalance(unittest.TestCase):
    def loads(self, costs: dict[str, int], total: int) -> list[int]:
        plan = Plan((layer(UNIT, *map(Case, costs)),))
        weights = Weights(lambda test: costs[test.id()], lambda name: 0)
        parts = [part_of(plan, {}, Shard(number + 1, total), weights) for number in range(total)]
        return [sum(costs[test.id()] for test in part.tests()) for part in parts]

    def test_no_shard_has_much_more_than_its_share_or_the_largest_test(self) -> None:
        source = random.Random(16)
        for _ in range(120):
            costs = {f"t{number}": int(source.paretovariate(1.2) * 1000) for number in range(source.randrange(1, 200))}
            total = source.randrange(1, 9)
            share, largest = sum(costs.values()) / total, max(costs.values())
            # Graham's bound for longest-first is 4/3 of the best; nothing is better than the share or the largest one.
            self.assertLessEqual(max(self.loads(costs, total)), 4 / 3 * max(share, largest) + 1)

    def test_many_equal_tests_are_divided_evenly(self) -> None:
        for number, total in ((1000, 7), (8, 3), (100, 100)):
            sizes = [part_of(plan_of_tests(number), {}, Shard(index + 1, total), COUNTED).size for index in range(total)]
            self.assertLessEqual(max(sizes) - min(sizes), 1)

    def test_a_slow_test_is_made_up_for_by_others(self) -> None:
        costs = {"slow": 10_000} | {f"t{number:03}": 100 for number in range(100)}
        self.assertEqual([10_000, 10_000], self.loads(costs, 2))

    def test_the_hooks_of_a_layer_count(self) -> None:
        name = LayerName("mod.Heavy")
        plan = Plan((layer(name, Case("a")), *plan_of_tests(100).layers))
        weights = Weights(lambda test: 10, lambda name: 990)
        parts = [part_of(plan, {name: Whole}, Shard(number, 2), weights) for number in (1, 2)]
        heavy = next(part for part in parts if name in part.names())
        self.assertLessEqual(heavy.size, 2 + 1)

    def test_neighbours_by_name_stay_together(self) -> None:
        part = part_of(plan_of_tests(1000), {}, Shard(2, 4), COUNTED)
        places = [int(test.id()[-4:]) for test in part.tests()]
        self.assertEqual(list(range(places[0], places[0] + 250)), places)

    def test_one_more_test_moves_few_others(self) -> None:
        before = {test.id() for test in part_of(plan_of_tests(1000), {}, Shard(3, 4), COUNTED).tests()}
        after = {test.id() for test in part_of(plan_of_tests(1001), {}, Shard(3, 4), COUNTED).tests()}
        self.assertLess(len(before ^ after), 10)


class TestWords(unittest.TestCase):
    def test_a_shard_is_two_numbers(self) -> None:
        self.assertEqual(Shard(2, 3), read_shard("2/3"))
        self.assertEqual("2/3", str(Shard(2, 3)))

    def test_anything_else_is_refused_in_a_line(self) -> None:
        digits = "\u0661/\u0662"
        for text in ("", "1", "/", "1/", "/2", "a/b", "1/2/3", "-1/2", "0/2", "3/2", "0/0", "1/0", " 1/2", digits, "1.0/2"):
            with self.assertRaisesRegex(UsageError, "^--shard [^\n]+$") as caught:
                read_shard(text)
            self.assertEqual(2, caught.exception.status)

    def test_the_environment_counts_from_zero(self) -> None:
        self.assertEqual(Shard(1, 2), asked_for(None, {"TEST_SHARD_INDEX": "0", "TEST_TOTAL_SHARDS": "2"}))
        self.assertIsNone(asked_for(None, {}))
        self.assertIsNone(asked_for(None, {"TEST_SHARD_INDEX": "", "TEST_TOTAL_SHARDS": ""}))

    def test_the_option_goes_first(self) -> None:
        self.assertEqual(Shard(3, 4), asked_for("3/4", {"TEST_SHARD_INDEX": "x", "TEST_TOTAL_SHARDS": "2"}))

    def test_an_environment_that_makes_no_sense_is_refused_in_a_line(self) -> None:
        for index, total in (("2", "2"), ("0", "0"), ("", "2"), ("1", ""), ("one", "2"), ("0", "two"), ("-1", "2")):
            with self.assertRaisesRegex(UsageError, "^the environment variable TEST_[^\n]+$") as caught:
                asked_for(None, {"TEST_SHARD_INDEX": index, "TEST_TOTAL_SHARDS": total})
            self.assertEqual(2, caught.exception.status)
