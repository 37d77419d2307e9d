"""Derive `apiserver/data/protobuf.json` from the generated.proto files of a Kubernetes source tree.

    python tools/derive_protobuf_facts.py KUBERNETES_TREE

For every message of the served API versions: field number -> [name, type, how], `how` being "" (single), "[]" (repeated)
or "{}" (map from string). Types are scalar names or message names as the OpenAPI documents spell them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "cluster_core/apiserver/data/protobuf.json"
SERVED = re.compile(r"(/v1|/v2|/resource|/intstr|/runtime)/generated\.proto$")
SCALARS = {"string", "bytes", "int32", "int64", "bool", "double"}
FIELD = re.compile(r"^\s*(optional|repeated|map<string, *([^>]+)>)\s+(?:([\w.]+)\s+)?(\w+)\s*=\s*(\d+);", re.M)
MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.M | re.S)


def openapi_name(name: str) -> str:
    return "io.k8s." + name.removeprefix("k8s.io.").replace("_", "-")


def type_name(package: str, name: str) -> str:
    if name in SCALARS:
        return name
    return openapi_name(name[1:] if name.startswith(".") else f"{package}.{name}")


def messages(text: str) -> dict[str, dict[str, list[str]]]:
    package = re.search(r"^package ([\w.]+);", text, re.M)
    assert package is not None
    found = {}
    for name, body in MESSAGE.findall(re.sub(r"//.*", "", text)):
        fields = {}
        for how, value, single, field, number in FIELD.findall(body):
            shape = "{}" if how.startswith("map") else "[]" if how == "repeated" else ""
            fields[number] = [field, type_name(package[1], (value or single).strip()), shape]
        found[openapi_name(f"{package[1]}.{name}")] = fields
    return found


def main(tree: Path) -> None:
    table: dict[str, dict[str, list[str]]] = {}
    for path in sorted(tree.glob("staging/src/k8s.io/**/generated.proto")):
        if SERVED.search(str(path)):
            table |= messages(path.read_text())
    TARGET.write_text(json.dumps(table, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
