"""Schemas of custom resources in the OpenAPI document of version 2, which knows less than they may say.

Models apiextensions-apiserver/pkg/controller/openapi/v2 (ToStructuralOpenAPIV2): kubectl would refuse values it does not
understand, so what it cannot express is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
PRESERVE = "x-kubernetes-preserve-unknown-fields"
_JUNCTORS = frozenset(("allOf", "oneOf", "anyOf", "not"))
_INNER = ("items", "properties")


def takes_anything(definition: Mapping[str, Any]) -> bool:
    """Whether fields that nobody has declared are kept at the root: then version 2 says nothing about them."""
    return bool(definition.get(PRESERVE))


def simple(definition: Mapping[str, Any]) -> Json:
    """The schema without what version 2 cannot say."""
    found = {key: value for key, value in definition.items() if key not in _JUNCTORS and key != "nullable"}
    if definition.get("nullable"):
        found.pop("type", None)
    if definition.get("nullable") or definition.get(PRESERVE):
        for key in _INNER:
            found.pop(key, None)
    if (found.get("type") == "array" and "items" not in found) or (found.get("type") == "object" and definition.get(PRESERVE)):
        del found["type"]
    return _deep(found)


def _deep(found: Json) -> Json:
    """The same for the schemas inside. What may be null is not required: version 2 has no null."""
    if "properties" in found:
        required = [name for name in found.pop("required", ()) if not found["properties"].get(name, {}).get("nullable")]
        found["properties"] = {name: simple(inner) for name, inner in found["properties"].items()}
        found |= {"required": required} if required else {}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), Mapping):
            found[key] = simple(found[key])
    return found
