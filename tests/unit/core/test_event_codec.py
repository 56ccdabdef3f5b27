"""Every event survives the way through JSON."""

from __future__ import annotations

import json
import random
import unittest
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

from zope.testrunner.core import event_codec as codec
from zope.testrunner.core import events, model
from zope.testrunner.core.event_codec import KINDS, NotAnEvent, from_wire, to_wire
from zope.testrunner.core.events import Event, LapMeasured, Notice, TestFinished, TestStarted
from zope.testrunner.core.model import LayerName, Outcome, TestRef
from zope.testrunner.leaks import readings
from zope.testrunner.system.value_class import Record

TEXTS = ("", "plain", 'quotes " and \\', "line\nends\r\n", "zażółć gęślą jaźń", "\x1e\x00", "lone \udcff surrogate", "𐏿")
NAMES = vars(model) | vars(events) | vars(readings) | {"unittest": unittest, "Any": Any, "ClassVar": ClassVar}


def value(kind: Any, generator: random.Random) -> Any:
    """Any value of a type that fields of events have."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        options = get_args(kind)
        return value(generator.choice(options), generator)
    if origin is tuple:
        return tuple(value(get_args(kind)[0], generator) for _ in range(generator.randint(0, 3)))
    kind = getattr(kind, "__supertype__", kind)
    if kind is NoneType:
        return None
    if kind is TestRef:
        size = generator.randint(0, 5)
        return TestRef(None, LayerName("m.L"), size, id=generator.choice(TEXTS), label=generator.choice(TEXTS))
    if kind is bool:
        return generator.random() < 0.5
    if kind is int:
        return generator.choice((-1, 0, 7, 2**40))
    if kind is float:
        return generator.choice((0.0, 1.5, 1e-9, 1795216447.123456))
    if kind is str:
        return generator.choice(TEXTS)
    if kind is bytes:
        return generator.choice((b"", b"caf\xe9\n", bytes(range(256))))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return generator.choice(list(kind))
    hints = get_type_hints(kind, NAMES, NAMES)
    fields = {name: hint for name, hint in hints.items() if name != "live" and get_origin(hint) is not ClassVar}
    return kind(**{name: value(hint, generator) for name, hint in fields.items()})


class TestRoundTrip(unittest.TestCase):
    """`from_wire` undoes `to_wire`."""

    def test_for_every_kind_with_many_values(self) -> None:
        generator = random.Random(3)
        for kind in KINDS.values():
            for _ in range(30):
                event = value(kind, generator)
                with self.subTest(event=event):
                    self.assertEqual(event, from_wire(json.loads(json.dumps(to_wire(event)))))

    def test_every_kind_of_event_is_known(self) -> None:
        defined = {
            name
            for name, each in vars(events).items()
            if isinstance(each, type) and issubclass(each, Record) and each.__module__ == events.__name__
        }

        self.assertEqual(defined, set(KINDS))

    def test_live_objects_stay_at_home(self) -> None:
        test = unittest.FunctionTestCase(lambda: None)
        event: Event = TestStarted(1.0, 0, TestRef(test, LayerName("m.L")), 1, 1)

        back = from_wire(to_wire(event))

        self.assertEqual(event, back)
        assert isinstance(back, TestStarted)
        self.assertIsNone(back.test.live)

    def test_names_that_the_id_does_not_tell_travel(self) -> None:
        def check() -> None: ...

        for test in (unittest.FunctionTestCase(check), self):
            event: Event = TestStarted(1.0, 0, TestRef(test, LayerName("m.L")), 1, 1)
            back = from_wire(json.loads(json.dumps(to_wire(event))))

            assert isinstance(event, TestStarted) and isinstance(back, TestStarted)
            self.assertEqual(event.test.names, back.test.names)

    def test_names_that_the_id_tells_stay_at_home(self) -> None:
        event: Event = TestStarted(1.0, 0, TestRef(self, LayerName("m.L")), 1, 1)

        self.assertEqual({"id", "label", "layer", "size"}, set(to_wire(event)["test"]))

    def test_readings_are_told_with_their_details(self) -> None:
        reading = readings.Reading(
            tracker="blocks",
            unit=readings.Unit.COUNT,
            total=7,
            change=1,
            detail_total=3,
            changes=(readings.Change(title="float", instances=1, references=1),),
        )
        event = LapMeasured(1.0, 0, LayerName("m.L"), 2, (reading,))

        self.assertEqual(event, from_wire(json.loads(json.dumps(to_wire(event)))))


class TestForeignData(unittest.TestCase):
    """What is no event is refused with a sentence that says why."""

    def refusal(self, data: object) -> str:
        """The sentence."""
        with self.assertRaises(NotAnEvent) as caught:
            from_wire(data)
        return str(caught.exception)

    def test_other_types(self) -> None:
        self.assertEqual("expected an object, got list", self.refusal([]))

    def test_unknown_kinds(self) -> None:
        self.assertEqual("unknown kind of event: 'Earthquake'", self.refusal({"event": "Earthquake"}))
        self.assertEqual("unknown kind of event: None", self.refusal({}))
        self.assertEqual("unknown kind of event: ['x']", self.refusal({"event": ["x"]}))

    def test_missing_and_wrong_and_additional_fields(self) -> None:
        good = to_wire(Notice(1.0, 0, events.Importance.INFO, "text"))
        for change in ({"text": 7}, {"importance": "loud"}, {"more": 1}, {"worker": True}):
            with self.subTest(change):
                self.assertRegex(self.refusal(good | change), "^not a valid Notice: ")
        del good["text"]
        self.assertRegex(self.refusal(good), "^not a valid Notice: ")

    def test_wrong_nested_values(self) -> None:
        test = TestRef(None, LayerName("m.L"), id="a", label="a")
        good = to_wire(TestFinished(1.0, 0, test, Outcome.PASSED, 0.5))
        unnamed = {**good["test"], "names": ["a"]}
        for change in ({"test": None}, {"test": {"id": "a"}}, {"test": unnamed}, {"reasons": "text"}, {"reasons": [1]}):
            with self.subTest(change):
                self.assertRegex(self.refusal(good | change), "^not a valid TestFinished: ")

    def test_the_version_is_a_number(self) -> None:
        self.assertIsInstance(codec.VERSION, int)
