"""Keys are bytes on the wire and text in the store: UTF-8, without NUL. Bounds of ranges may be anything."""

from __future__ import annotations

from bisect import bisect_left

from cluster_core.etcd.store import prefix_end

_LAST = 0x110000
_SURROGATES = range(0xD800, 0xE000)


class BadKey(ValueError):
    """A key that no text stands for."""


def text_of(key: bytes) -> str:
    """Raises BadKey."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        raise BadKey("the playground keeps keys as text: this one is not UTF-8") from None
    if "\0" in text:
        raise BadKey("the playground keeps keys as text: this one contains NUL")
    return text


def bound(key: bytes) -> str:
    """The first text whose bytes are not below `key`."""
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        good, bad = key[: error.start].decode(), key[error.start :]
    points = [point for point in range(0x80, _LAST) if point not in _SURROGATES] if bad[0] < 0xF5 else []
    index = bisect_left(points, bad, key=lambda point: chr(point).encode())
    if index < len(points):
        return good + chr(points[index])
    return prefix_end(good) if good else "\0"


def span(key: bytes, end: bytes) -> tuple[str, str]:
    """[key, end) as text: a single key, a range, or (end "\\0") everything from the key on."""
    if not end:
        return text_of(key), ""
    start = bound(key).replace("\0", "")
    return start, "\0" if end == b"\0" else bound(end)
