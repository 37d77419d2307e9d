"""Registries: which of them have the same images under other names, and how each says that it does not have one.

The messages are those of containerd's resolver (core/remotes/docker), as kubelets show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from cluster_core.workloads.reference import Reference

_FILE = Path(__file__).with_name("registries.yaml")
_UNKNOWN = "Unknown"
_ANSWERS = {
    "denied": (_UNKNOWN, "pull access denied, repository does not exist or may require authorization: server message: "
               "insufficient_scope: authorization failed"),
    "absent": ("NotFound", "{whole}: not found"),
    "forbidden": (_UNKNOWN, "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
                  "https://{host}/{token}?scope={scope}&service={host}: 403 Forbidden"),
    "unauthorized": (_UNKNOWN, "unexpected status from HEAD request to https://{host}/v2/{path}/manifests/{tag}: 401 UNAUTHORIZED"),
    "refused": (_UNKNOWN, 'failed to do request: Head "http://{host}/v2/{path}/manifests/{tag}": dial tcp 127.0.0.1:{port}: connect: connection refused'),
    "": (_UNKNOWN, 'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": dial tcp: lookup {name}: no such host'),
}  # fmt: skip
"""(gRPC's code, what is said) by the registry's way to refuse; "" where there is no registry."""


@lru_cache(1)
def _facts() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = yaml.load(_FILE.read_text(), Loader=yaml.CSafeLoader)
    return found


def canonical(repository: str) -> str:
    """The repository under the name that the catalogue has it by."""
    for mirror, of in _facts()["mirrors"].items():
        if repository.startswith(mirror):
            return canonical(of + repository[len(mirror) :])
    return repository


def host_of(reference: Reference) -> str:
    """The registry's host, with its port where one is named."""
    return reference.repository.partition("/")[0]


def no_repository(reference: Reference) -> str:
    """The runtime's message when the registry has no such repository."""
    host, _, path = reference.repository.partition("/")
    name, _, port = host.partition(":")
    code, text = _ANSWERS[_way_of(name)]
    words: dict[str, Any] = {"whole": reference, "host": host, "path": path, "name": name, "port": port or "443", "tag": reference.digest or reference.tag}
    words |= {"scope": quote(f"repository:{path}:pull", safe=""), "token": "v2/token" if "gcr.io" in host else "token"}
    return _unresolved(reference, code, text.format(**words))


def no_tag(reference: Reference) -> str:
    """The same when it has the repository, but not this tag."""
    return _unresolved(reference, "NotFound", f"{reference}: not found")


def _way_of(name: str) -> str:
    """How the host refuses: by its own name, or that of the domain it lies in."""
    known = _facts()["registries"]
    return next((way for end, way in known.items() if name == end or name.endswith((f".{end}", f"-{end}"))), "")


def _unresolved(reference: Reference, code: str, why: str) -> str:
    whole = f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": {why}'
    return f"rpc error: code = {code} desc = {whole}"
