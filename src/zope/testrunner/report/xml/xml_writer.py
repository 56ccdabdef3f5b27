"""XML as lines of text: `element`, and what to do about characters that XML cannot carry.

Everything returned is ASCII, with references for other characters.  The lines are ready to be joined by line ends; one that
has text of an element in it may have line ends itself, since nothing must be added to that text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: What XML 1.0 has no way to write (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NO_ATTRIBUTES: Mapping[str, object] = {}


def element(name: str, attributes: Mapping[str, object] = _NO_ATTRIBUTES, inner: Iterable[str] = ()) -> list[str]:
    """The lines of an element with other ones in it, or with nothing."""
    lines = [f"  {line}" for line in inner]
    head = name + "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items())
    return [f"<{head}>", *lines, f"</{name}>"] if lines else [f"<{head} />"]


def text_element(name: str, attributes: Mapping[str, object], text: str) -> str:
    """The line of an element with text in it, or with nothing."""
    head = name + "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<{head}>{_escaped(text)}</{name}>" if text else f"<{head} />"


def clean(text: str) -> str:
    """The text with escapes (backslash, ``x1b``) in place of characters that XML cannot carry."""
    return _FORBIDDEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 128 else f"\\u{code:04x}"


def _escaped(text: str) -> str:
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _attribute(value: object) -> str:
    return _escaped(str(value)).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
