"""Image references as far as the API server reads them. Models pkg/util/parsers and the reference grammar behind it."""

from __future__ import annotations

import re
from functools import lru_cache

_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"((?:{_DOMAIN}/)?{_PATH}(?:/{_PATH})*)"
    r"(?::(\w[\w.-]{0,127}))?"
    r"(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\Z",
    re.ASCII,
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}\Z")
_LONGEST_NAME = 255


@lru_cache(maxsize=4096)
def tag_of(image: str) -> str:
    """The tag: "latest" when there is neither tag nor digest, "" for a digest alone and for what is no reference."""
    match = None if _IDENTIFIER.match(image) else _REFERENCE.match(image)
    if match is None or len(match[1]) > _LONGEST_NAME:
        return ""
    return match[2] or ("" if match[3] else "latest")


def pull_policy(image: str) -> str:
    """The pull policy an image gets by default."""
    return "Always" if tag_of(image) == "latest" else "IfNotPresent"
