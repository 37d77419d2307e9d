"""Continue tokens: where a list in pages goes on. Models apiserver/pkg/storage/continue.go."""

from __future__ import annotations

import base64
import binascii
import posixpath
from typing import Any, NamedTuple

import orjson

from cluster_core.apiserver.decode_syntax import JsonError, Number, Pairs, parse
from cluster_core.machinery import errors, gofmt

_VERSION = "meta.k8s.io/v1"
_NOT_VALID = "continue key is not valid"
TOO_OLD = "The provided continue parameter is too old to display a consistent list result. "
EXPIRED = (
    TOO_OLD
    + "You can start a new list without the continue parameter, or use the continue token in this response to retrieve "
    "the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were "
    "created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class Expired(errors.Expired):
    """410, with a token to go on at the newest revision instead."""

    def __init__(self, start: str) -> None:
        super().__init__(EXPIRED)
        self.start = start

    def status(self) -> dict[str, Any]:
        return {**super().status(), "metadata": {"continue": Token(-1, self.start).encoded()}}


class Token(NamedTuple):
    """The revision to list at (-1: the newest) and the key to start at, below the list's own prefix."""

    revision: int
    start: str

    def encoded(self) -> str:
        body = orjson.dumps({"v": _VERSION, "rv": self.revision, "start": self.start})
        return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def decode(text: str) -> Token:
    """The token a client sent back. Raises 400."""
    document = _document(text)
    if document.get("v", "") != _VERSION:
        raise _refused(f"{_NOT_VALID}: server does not recognize this encoded version {document.get('v', '')}")
    revision, start = document.get("rv", 0), document.get("start", "")
    if not isinstance(revision, int) or not revision:
        raise _refused(f"{_NOT_VALID}: incorrect encoded start resourceVersion (version {_VERSION})")
    if not isinstance(start, str) or not start:
        raise _refused(f"{_NOT_VALID}: encoded start key empty (version {_VERSION})")
    key = start if start.startswith("/") else f"/{start}"
    if _cleaned(key) != key:
        raise _refused(f"{_NOT_VALID}: {start}")
    return Token(revision, key)


def _cleaned(key: str) -> str:
    found = posixpath.normpath(key)
    return found[1:] if found.startswith("//") else found


def _refused(cause: str) -> errors.ApiError:
    return errors.bad_request(f"invalid continue token: {cause}")


def _document(text: str) -> dict[str, Any]:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused(f"{_NOT_VALID}: illegal base64 data at input byte {_first_illegal(text)}") from None
    try:
        found = parse(data)
    except JsonError as error:
        raise _refused(f"{_NOT_VALID}: {error}") from None
    if not isinstance(found, Pairs):
        kind = gofmt.json_kind(found)
        raise _refused(f"{_NOT_VALID}: json: cannot unmarshal {kind} into Go value of type storage.continueToken")
    return {key: int(value) if isinstance(value, Number) and value.lstrip("-").isdigit() else value for key, value in found}


def _first_illegal(text: str) -> int:
    for position, char in enumerate(text):
        if not (char.isascii() and (char.isalnum() or char in "-_")):
            return position
    return len(text) - len(text) % 4  # the last quantum is cut short
