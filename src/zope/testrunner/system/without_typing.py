"""What modules of every run need of `typing` while they run, without importing it: that takes a tenth of a short run.

Type checkers see the originals.  For names that only annotations need, such modules have ``TYPE_CHECKING = False`` and
import them below ``if TYPE_CHECKING:``, which checkers take to be true.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NewType, Protocol, cast, dataclass_transform
else:
    #: A base that promises nothing: nobody asks at run time whether something fits.
    Protocol = object

    def NewType(name: str, kind: type) -> type:
        """The type itself."""
        return kind

    def cast(kind: object, value: object) -> object:
        """The value itself."""
        return value

    def dataclass_transform(**promises: bool) -> Callable[[type], type]:
        """A decorator that changes nothing."""
        return lambda kind: kind


__all__ = ["NewType", "Protocol", "cast", "dataclass_transform"]
