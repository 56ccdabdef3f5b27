"""Files of reports: what they can be called, and how they get their content all at once."""

from __future__ import annotations

import re
import stat

from zope.testrunner.system.originals import io, os

#: What cannot be part of a file's name on one system or another.
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f/\\]" if os.sep == "/" else r'[\x00-\x1f/\\:*?"<>|]')

#: Most file systems have room for 255 bytes; the rest is for an ending and a number.
_LONGEST = 240


def is_replaced(path: str) -> bool:
    """Whether a report is put in place of this file; what is no file, such as a pipe or a device, is written to."""
    path = os.path.realpath(path)
    return not os.path.lexists(path) or stat.S_ISREG(os.stat(path).st_mode)


def put(path: str, content: str) -> None:
    """Make this, which is ASCII, the content of a file, so that nobody ever reads half of it.  Raises `OSError`."""
    data = content.encode("ascii")
    path = os.path.realpath(path)
    if not is_replaced(path):
        with io.open(path, "wb") as stream:
            stream.write(data)
        return
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:100]}.{os.getpid()}")
    try:
        with io.open(temporary, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def stem_of(suite: str) -> str:
    """What the file of a suite is called, without the ending."""
    stem = _NOT_IN_NAMES.sub("-", suite).encode("utf-8", "replace").decode()
    if len(stem.encode()) > _LONGEST:
        from zlib import crc32

        digest = f"-{crc32(stem.encode()):08x}"
        stem = stem.encode()[: _LONGEST - len(digest)].decode("utf-8", "ignore") + digest
    return stem or "-"
