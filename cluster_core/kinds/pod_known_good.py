"""Pods that differ from a faultless one only in what does not matter are faultless too, and need not be gone through again.

People and programs create many pods of one shape. What validation and warnings depend on is put into one key: the whole
spec, but for the token volume's random name, and the annotations. Only what was found to be without fault is remembered, so
that every message is made from the object at hand.
"""

from __future__ import annotations

import re
from collections import OrderedDict

import orjson

from cluster_core.machinery.typed import Obj

MOST = 512
_TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")


def key_of(pod: Obj) -> bytes:
    """What decides about a pod's faults and warnings; b"" for pods whose name takes part in the decision."""
    spec = pod["spec"]
    volumes = spec.get("volumes") or ()
    if any("ephemeral" in volume for volume in volumes):
        return b""
    key = orjson.dumps([spec, pod["metadata"].get("annotations")])
    token = next((name for volume in volumes if _TOKEN_VOLUME.fullmatch(name := str(volume.get("name")))), "")
    return key.replace(token.encode(), b"\0") if token else key  # JSON has no such byte: nothing else can become it


class Faultless:
    """The keys of the last so many shapes that were found to be without fault."""

    def __init__(self) -> None:
        self._keys: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def add(self, key: bytes) -> None:
        if key:
            self._keys[key] = None
            if len(self._keys) > MOST:
                self._keys.popitem(last=False)
