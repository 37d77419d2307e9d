"""Image references as container runtimes read them. Models github.com/distribution/reference."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"{_DOMAIN}(?:\.{_DOMAIN})*(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<path>(?:{_HOST}/)?{_NAME}(?:/{_NAME})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-fA-F]{{32,}}))?"
)


_HUBS = ("docker.io", "index.docker.io")


class Reference(NamedTuple):
    """A parsed reference: repository with its host, tag ("" beside a digest), digest."""

    repository: str
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse(text: str) -> Reference | None:
    """The reference in full (docker.io/library/ added, :latest filled in); None when it is not one."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    tag = match["tag"] or ("" if match["digest"] else "latest")
    return Reference(_with_host(match["path"]), tag, match["digest"] or "")


def _with_host(path: str) -> str:
    first, slash, rest = path.partition("/")
    if first in _HUBS and "/" not in rest:
        return f"{first}/library/{rest}"
    if slash and ("." in first or ":" in first or first == "localhost"):
        return path
    return f"docker.io/{path}" if slash else f"docker.io/library/{path}"
