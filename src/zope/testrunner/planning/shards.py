"""Dividing a plan over several machines: `part_of` gives each its own part, and all parts together are the plan.

Every machine divides the whole plan and takes one part, so the division depends on nothing but the tests, by id, and on
what is known of their durations: not on the order of the tests, nor on the process or the machine.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterable, Mapping, Sequence

from zope.testrunner.core.model import LayerName, LayerPlan, Plan, Reason, Rejected, Test
from zope.testrunner.exceptions import UsageError
from zope.testrunner.planning.work_groups import Group, groups_of
from zope.testrunner.system.value_class import Record, often_made

#: The environment variables by which Bazel and others that imitate it ask for a shard; the index counts from 0.  The third
#: names a file that has to be there afterwards, for Bazel to know that tests can be divided.
INDEX, TOTAL, ANSWER = "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", "TEST_SHARD_STATUS_FILE"

#: What is larger than this part of a shard is dealt out by size, and what is smaller fills the gaps in the order of names.
_LARGE = 8


class Shard(Record):
    """Part ``number`` (from 1) of ``total`` parts."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


class Weights(Record):
    """What tests cost, in any unit, as whole numbers, so that sums are the same in any order.

    ``of_test`` is for one test and ``of_layer`` for setting a layer up and tearing it down.
    """

    of_test: Callable[[Test], int]
    of_layer: Callable[[LayerName], int]


@often_made
class _Unit(Record):
    """What is not divided; ``places`` are positions in the suite of the layer."""

    weight: int
    layer: LayerName
    key: str
    indices: tuple[int, ...]


def asked_for(words: str | None, environment: Mapping[str, str]) -> Shard | None:
    """The shard that the option asks for, else the one of the environment variables.

    Raises `UsageError` for what names no shard.
    """
    return _of_environment(environment) if words is None else read_shard(words)


def read_shard(text: str) -> Shard:
    """A shard that is given as ``K/N``.  Raises `UsageError` for anything else."""
    first, slash, second = text.partition("/")
    if not (slash and _is_number(first) and _is_number(second)):
        raise UsageError(f"--shard {text!r} is not K/N, the number of a shard and how many there are, such as 1/3")
    number, total = int(first), int(second)
    if not 1 <= number <= total:
        least = f"with {total} shards, the first number goes from 1 to {total}" if total else "there is at least one shard"
        raise UsageError(f"--shard {text!r} names no shard: {least}")
    return Shard(number, total)


def _of_environment(environment: Mapping[str, str]) -> Shard | None:
    index, total = environment.get(INDEX, ""), environment.get(TOTAL, "")
    if not index and not total:
        return None
    for name, value, other in ((INDEX, index, TOTAL), (TOTAL, total, INDEX)):
        if not value:
            raise UsageError(f"the environment variable {other} is set and {name} is not; set both or neither")
        if not _is_number(value):
            raise UsageError(f"the environment variable {name} is {value!r}, which is not a whole number")
    if int(index) >= int(total):
        least = f"the index goes from 0 to {int(total) - 1}" if int(total) else "there is at least one shard"
        raise UsageError(f"the environment variable {INDEX} is {index}, but {TOTAL} is {total}; {least}")
    return Shard(int(index) + 1, int(total))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def part_of(plan: Plan, layers: Mapping[LayerName, object], shard: Shard, weights: Weights) -> Plan:
    """The plan with what belongs to one shard, in the same order, and with the rest added to ``rejected``.

    Layers stay whole unless they may be divided (`work_groups.is_splittable`); of these, what has common fixtures
    stays together, and otherwise neighbours by name do as far as possible.  ``layers`` has the objects; a layer that is not
    in there stays whole.
    """
    units: list[_Unit] = []
    for layer_plan in sorted(plan.layers, key=lambda layer_plan: layer_plan.name):
        units += _units_of(layer_plan, layers.get(layer_plan.name), weights)
    mine: dict[LayerName, set[int]] = {}
    for unit, number in zip(units, _divided([unit.weight for unit in units], shard.total), strict=True):
        if number == shard.number - 1:
            mine.setdefault(unit.layer, set()).update(unit.indices)
    kept, dropped = [], []
    for layer_plan in plan.layers:
        indices = mine.get(layer_plan.name, set())
        tests = list(layer_plan.suite)
        if len(indices) == len(tests):
            kept.append(layer_plan)
            continue
        if indices:
            chosen = [test for index, test in enumerate(tests) if index in indices]
            kept.append(LayerPlan(layer_plan.name, unittest.TestSuite(chosen)))
        dropped += [test for index, test in enumerate(tests) if index not in indices]
    number = sum(test.countTestCases() for test in dropped)
    return plan.replace(layers=tuple(kept)).rejecting(Rejected(Reason.SHARD, number))


def _units_of(layer_plan: LayerPlan, layer: object, weights: Weights) -> list[_Unit]:
    """What is not divided of a layer, sorted by name."""
    units = []
    for group in groups_of(layer_plan, layer):
        weight = sum(weights.of_test(test) for test in group.tests)
        if group.key == layer_plan.name:
            weight += weights.of_layer(layer_plan.name)
        units.append(_Unit(weight, layer_plan.name, _sort_key(group), group.positions))
    # Tests of one id are alike: which of them comes first makes no difference but for their weights.
    units.sort(key=lambda unit: (unit.key, unit.weight))
    return units


def _sort_key(group: Group) -> str:
    """Where a group stands among others: a class with fixtures among the tests of its module."""
    return group.key.removeprefix("module ").removeprefix("class ")


def _divided(weights: Sequence[int], total: int) -> list[int]:
    """For each weight in which of ``total`` shards it is, counted from 0.

    What is large goes, the largest first, to the shard that has least so far: Graham's rule for the longest processing time
    (SIAM Journal on Applied Mathematics 17, 1969).  Then each shard in turn is filled up with small ones, in their order, to
    the level that they all can reach; so neighbours stay together, and one more test moves few others.
    """
    result = [0] * len(weights)
    loads = [0] * total
    limit = sum(weights) // (total * _LARGE)
    small = []
    order = sorted(range(len(weights)), key=lambda index: (-weights[index], index))
    for index in order:
        if weights[index] <= limit:
            small.append(index)
            continue
        result[index] = lightest = loads.index(min(loads))
        loads[lightest] += weights[index]
    small.sort()
    rooms = _rooms(loads, sum(weights[index] for index in small))
    shard, used = 0, 0
    for index in small:
        weight = weights[index]
        # It is in if more than half of it fits.
        while shard < total - 1 and 2 * used + weight > 2 * rooms[shard]:
            used -= rooms[shard]
            shard += 1
        result[index] = shard
        used += weight
    return result


def _rooms(loads: Iterable[int], weight: int) -> list[int]:
    """How much of a weight goes to each shard for all to reach the same level, as far as they are below it."""
    loads = list(loads)
    below = sorted(loads)
    for count in range(1, len(below) + 1):
        level, rest = divmod(sum(below[:count]) + weight, count)
        if count == len(below) or level < below[count]:
            break
    rooms = [max(0, level - load) for load in loads]
    for index in [index for index, load in enumerate(loads) if load <= level][:rest]:
        rooms[index] += 1
    return rooms
