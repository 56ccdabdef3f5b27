"""One step of the way to an object: from an expression for one object to one for what that refers to.

What a container consists of is no step that a person would write: the table of a cache, the ``data`` of a weak dictionary,
the nodes of a tree.  `Form` says how such a part is known by the expression of the whole.
"""

from __future__ import annotations

import sys
import weakref
from _thread import _local
from collections import UserDict, UserList, deque
from collections.abc import Iterable
from contextvars import Context, copy_context
from enum import Enum
from types import CellType, FunctionType, MappingProxyType
from typing import Final, NamedTuple

from zope.testrunner.leaks.attributes import CACHE, attribute_of, elements_of, is_a, namespace_of, own_namespace
from zope.testrunner.leaks.context_variables import written_variable
from zope.testrunner.leaks.keys import written_arguments, written_key
from zope.testrunner.leaks.trackers.refcounts import type_title


class Form(Enum):
    """How an object is known by an expression."""

    #: The expression is the object.
    PLAIN = 1
    #: It is the attributes of the object that the expression is.
    NAMESPACE = 2
    #: It holds what is in the object that the expression is, by the same key or place.
    CONTENT = 3
    #: It is the table of a function's cache.
    RESULTS = 4
    #: It leads from a ``threading.local`` to the attributes that one thread sees.
    LOCALS = 5
    #: It is a part of a tree or of a context.
    NODE = 6
    #: It is the closure of a function.
    CLOSURE = 7
    #: It is a cell of one.
    CELL = 8
    #: It is somewhere in that object, where nothing of Python shows it.
    INSIDE = 9


#: What has the same content as its attribute ``data``.
_WRAPPERS: Final = (UserDict, UserList, weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)

_SEQUENCES: Final = (list, tuple, deque)
_SETS: Final = (set, frozenset)
_CONTAINERS: Final = (dict, *_SEQUENCES, *_SETS)


#: What has no name of its own.
_ATOMS: Final = frozenset(map(id, (str, bytes, int, float, tuple, list, dict, set)))


class Written(NamedTuple):
    """An expression, the form in which an object is known by it, and what the expression itself is, with its title."""

    text: str
    form: Form
    shown: object
    title: str

    @property
    def whole(self) -> str:
        """The expression for the object."""
        if self.form is Form.NAMESPACE:
            return f"vars({self.text})"
        return f"<inside {self.text}>" if self.form is Form.INSIDE else self.text

    def as_holder(self) -> tuple[str, str]:
        """What to call the object if it holds others: an expression and the title of a type."""
        return (self.whole, "dict") if self.form is Form.NAMESPACE else (self.text, self.title)

    def size(self) -> int | None:
        """How much is in all of it, if the object is only a node of a tree."""
        if self.form is not Form.NODE or not type_title(type(self.shown)).startswith("BTrees."):
            return None
        return len(self.shown)  # type: ignore[arg-type]  # trees have a length

    @property
    def takes_in(self) -> bool:
        """Whether what it refers to is its content, and not an attribute or a variable."""
        if self.form is Form.PLAIN:
            return any(is_a(self.shown, kind) for kind in _CONTAINERS) or type(self.shown) is CACHE
        return self.form in (Form.CONTENT, Form.RESULTS, Form.NODE)


def begin(start: str, root: object, *, is_variable: bool = False) -> Written:
    """Where a way begins: the namespace of a module, a class, or the value of a variable."""
    if is_a(root, dict) and not is_variable:
        return Written(start, Form.NAMESPACE, None, "module")
    return _plain(start, root)


def step(way: Written, here: object, there: object) -> Written:
    """What leads to ``there``, given what leads to ``here``, which refers to it."""
    # The user's own variable tells more.
    name = None if way.form is Form.NAMESPACE and way.shown is None else _well_known(there)
    following = _plain(name, there) if name is not None else _followed(way, here, there)
    if following is not None:
        return following
    if way.form is Form.INSIDE:
        return way
    return way._replace(form=Form.INSIDE)


def _well_known(found: object) -> str | None:
    """What everybody calls an object, however it is reached."""
    if id(type(found)) in _ATOMS:
        return None
    logging = sys.modules.get("logging")
    manager = getattr(getattr(logging, "root", None), "manager", None)
    if manager is None or not is_a(found, logging.Logger):  # type: ignore[union-attr]  # there is a manager only in it
        return "logging.root.manager" if found is manager and manager is not None else None
    name = getattr(found, "name", None)
    return f"logging.getLogger({name!r})" if manager.loggerDict.get(name) is found else None


def _plain(text: str, found: object) -> Written:
    return Written(text, Form.PLAIN, found, _titled(found))


def _titled(found: object) -> str:
    """The type of an object for people."""
    limit = limit_of(found)
    if type(found) is not CACHE:
        return _public_title(type(found)) + ("" if limit is None else f" of at most {limit}")
    return "unbounded functools cache" if limit is None else f"functools cache of at most {limit}"


def _public_title(kind: type) -> str:
    """The title of a type, with the module that it is imported from rather than the private one that defines it."""
    title = type_title(kind)
    if title.startswith("_"):
        module, _, name = title.partition(".")
        # `_weakrefset` is in `weakref`, `_thread` in `threading`.
        for public in (module.lstrip("_"), "weakref", "threading"):
            for known in (name, name.lstrip("_")):
                if vars(sys.modules.get(public, object)).get(known) is kind:
                    return f"{public}.{known}"
    return title


def limit_of(found: object) -> int | None:
    """The largest size of a container that drops old elements by itself."""
    if is_a(found, deque):
        return found.maxlen
    if type(found) is CACHE:
        parameters: dict[str, object] = getattr(found, "cache_parameters", dict)()
        size = parameters.get("maxsize")
        return size if isinstance(size, int) else None
    return None


def _followed(way: Written, here: object, there: object) -> Written | None:
    """The next step, None if there is no way to write it."""
    text, form = way.text, way.form
    if form is Form.PLAIN:
        return _from_object(way, here, there)
    if form is Form.NAMESPACE:
        return _from_namespace(way, here, there)
    if form is Form.CONTENT:
        item = _item(text, here, there)
        return None if item is None else _plain(item, there)
    if form is Form.RESULTS:
        return _from_results(text, here, there)
    if form is Form.LOCALS:
        return way._replace(form=Form.NAMESPACE) if is_a(there, dict) else None
    if form is Form.NODE:
        return _from_node(way, here, there)
    if form is Form.CLOSURE:
        return way._replace(form=Form.CELL)
    return _from_cell(way, here, there) if form is Form.CELL else None


def _from_object(way: Written, here: object, there: object) -> Written | None:
    text = way.text
    if is_a(there, dict) and own_namespace(here) is there:
        return way._replace(form=Form.NAMESPACE)
    if any(is_a(here, kind) for kind in _CONTAINERS):
        item = _item(text, here, there)
        if item is not None:
            return _plain(item, there)
    part = _part(here, there)
    if part is not None:
        return way._replace(form=part)
    if _is_node(here):
        return _from_node(way, here, there)
    name = attribute_of(here, there)
    if name is not None:
        return _attribute(way, name, there)
    if type(here) is CACHE:
        return _plain(f"{text}(…)", there)
    place = _position(elements_of(here), there)
    if place is not None:
        return _plain(f"{text}.flat[{place}]", there)
    return _stored_object(text, here, there)


def _part(here: object, there: object) -> Form | None:
    """How the second object is known by the expression for the first, of which it is a part."""
    if type(here) is CACHE and type(there) is dict:
        return Form.RESULTS
    if is_a(here, FunctionType) and here.__closure__ is there and there is not None:
        return Form.CLOSURE
    if is_a(here, _local) and is_a(there, dict):
        # Either the attributes, or a dictionary of those for each thread.
        return Form.LOCALS if not all(type(key) is str for key in there) or not there else Form.NAMESPACE
    return Form.CONTENT if type(here) is MappingProxyType else None


def _from_namespace(way: Written, here: object, there: object) -> Written | None:
    if not is_a(here, dict):
        return None
    for key, value in dict.items(here):
        if value is there:
            if type(key) is str and key.isidentifier():
                return _attribute(way, key, there)
            return _plain(f"vars({way.text})[{written_key(key)}]", there)
    return None


def _attribute(way: Written, name: str, there: object) -> Written:
    """What is in an attribute of the object that is shown."""
    text = f"{way.text}.{name}"
    if name == "data" and any(is_a(way.shown, kind) for kind in _WRAPPERS):
        return way._replace(form=Form.CONTENT)
    if name == "__func__" and any(is_a(way.shown, kind) for kind in (staticmethod, classmethod)):
        return _plain(way.text, there)
    # What everybody calls by another name.
    return _plain("os.environ" if text == "posix.environ" else text, there)


def _item(text: str, here: object, there: object) -> str | None:
    """An element of a container, past what its class may define."""
    if is_a(here, dict):
        for key, value in dict.items(here):
            if value is there:
                return f"{text}[{_referent_or_key(key)}]"
        place = _position(dict.keys(here), there)
        return None if place is None else f"list({text})[{place}]"
    for kind in (*_SEQUENCES, *_SETS):
        if is_a(here, kind):
            place = _position(kind.__iter__(here), there)  # type: ignore[arg-type]  # past what a subclass may define
            return None if place is None else f"list({text})[{place}]" if kind in _SETS else f"{text}[{place}]"
    return None


def _referent_or_key(key: object) -> str:
    """A key, or for a weak reference the object that it is the key for."""
    if is_a(key, weakref.ref) and (found := weakref.ref.__call__(key)) is not None:
        return written_key(found)
    return written_key(key)


def _position(items: Iterable[object], there: object) -> int | None:
    return next((place for place, item in enumerate(items) if item is there), None)


def _from_results(text: str, here: object, there: object) -> Written | None:
    """What is in a cache: the result for some arguments, or these."""
    if is_a(here, dict):
        for key, value in dict.items(here):
            if value is there:
                return _plain(f"{text}({written_arguments(key)})", there)
    return None


def _from_cell(way: Written, here: object, there: object) -> Written | None:
    """A variable that a function has from the one around it."""
    function = way.shown
    if not is_a(function, FunctionType) or type(here) is not CellType:
        return None
    place = _position(function.__closure__ or (), here)
    if place is None:
        return None
    return _plain(f"inspect.getclosurevars({way.text}).nonlocals[{function.__code__.co_freevars[place]!r}]", there)


def _is_node(found: object) -> bool:
    title = type_title(type(found))
    return type(found) is Context or title.startswith(("BTrees.", "hamt"))


def _from_node(way: Written, here: object, there: object) -> Written | None:
    """What is in a tree of the package BTrees, or in a context."""
    if _is_node(there) and type(there) is not Context:
        return way._replace(form=Form.NODE)
    if is_a(way.shown, Context):
        for variable, value in way.shown.items():
            if value is there:
                name = written_variable(variable)
                is_current = copy_context().get(variable) is value
                return _plain(f"{name}.get()" if is_current else f"{way.text}[{name}]", there)
        return None
    title = type_title(type(here))
    if title.startswith("BTrees.") and title.endswith("Bucket"):
        items: Iterable[tuple[object, object]] = type(here).items(here)  # type: ignore[attr-defined]  # it has
        for key, value in items:
            if value is there:
                return _plain(f"{way.text}[{written_key(key)}]", there)
    return None


def _stored_object(text: str, here: object, there: object) -> Written | None:
    """What a connection to a database knows by the key that the object has there."""
    if type_title(type(here)) != "persistent.PickleCache":
        return None
    try:
        key = namespace_of(there, "_p_oid")
    except Exception:
        return None
    return _plain(f"{text}[{written_key(key)}]", there)
