"""The recordings of a real control plane, for tests: where they are, and what kind a recorded path is about."""

import json
from functools import cache
from typing import Any

from tests.golden import GOLDEN


@cache
def load(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


@cache
def kinds_by_resource() -> dict[tuple[str, str, str], str]:
    found = {}
    for name in ("aggregated_api", "aggregated_apis"):
        for group in load(f"discovery/{name}.json")["items"]:
            for version in group["versions"]:
                for resource in version["resources"]:
                    place = (group["metadata"].get("name", ""), version["version"], resource["resource"])
                    found[place] = resource["responseKind"]["kind"]
    return found


def gvk_of(path: str) -> tuple[str, str, str]:
    """Group, version and kind of a recorded path."""
    parts = path.strip("/").split("/")
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    if rest[0] == "namespaces" and len(rest) > 2:
        rest = rest[2:]
    return group, version, kinds_by_resource()[group, version, rest[0]]
