"""Derive what the published schemas lack about the Go types: pointers, omitempty, embedding, Go names, enums, defaults.

    python tools/derive_go_facts.py KUBERNETES_SOURCE cluster_core/apiserver/data/go_facts.json

Run once per Kubernetes version. The output holds facts only, no upstream prose. See cluster_core/apiserver/data/README.md.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from dataclasses import dataclass, field
from typing import Any

STAGING = "staging/src/"
ROOTS = {
    "k8s.io/api/": "staging/src/k8s.io/api",
    "k8s.io/apimachinery/pkg/apis/meta/": "staging/src/k8s.io/apimachinery/pkg/apis/meta",
    "k8s.io/apimachinery/pkg/version": "staging/src/k8s.io/apimachinery/pkg/version",
    "k8s.io/apimachinery/pkg/runtime": "staging/src/k8s.io/apimachinery/pkg/runtime",
    "k8s.io/apiextensions-apiserver/": "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
}
OPENAPI = (
    "pkg/generated/openapi/zz_generated.openapi.go",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/generated/openapi/zz_generated.openapi.go",
)
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.M | re.S)
NAMED = re.compile(r"^type (\w+) ((?:map\[|\[\]|\*)*[\w.\]\[*]+)\s*$", re.M)
GROUPED = re.compile(r"^\t(\w+) ((?:map\[|\[\])*[\w.]+)\s*$", re.M)
ALIAS = re.compile(r"^(?:type |\t)(\w+) = ([\w.]+)$", re.M)
IMPORT = re.compile(r'^\s*(?:(\w+)\s+)?"([\w./-]+)"', re.M)
FIELD = re.compile(r"^\t(\w+)\s+([\w.*\[\]{} ]+?)\s+`([^`]*)`", re.M)
EMBED = re.compile(r"^\t(\*?[\w.]+)(?:\s+`([^`]*)`)?\s*(?://.*)?$", re.M)
BUILTIN = {"string", "bool", "int32", "int64", "int", "uint32", "uint64", "int16", "uint16", "float64", "byte", "any"}
AGGREGATION = {
    "APIService": {
        "kind": "string@TypeMeta",
        "apiVersion": "string@TypeMeta",
        "metadata": "v1.ObjectMeta",
        "spec": "v1.APIServiceSpec",
        "status": "v1.APIServiceStatus",
    },
    "APIServiceList": {
        "kind": "string@TypeMeta",
        "apiVersion": "string@TypeMeta",
        "metadata": "v1.ListMeta",
        "items": "![]v1.APIService",
    },
    "APIServiceSpec": {
        "service": "*v1.ServiceReference",
        "group": "string",
        "version": "string",
        "insecureSkipTLSVerify": "bool",
        "caBundle": "[]uint8",
        "groupPriorityMinimum": "!int32",
        "versionPriority": "!int32",
    },
    "APIServiceStatus": {"conditions": "[]v1.APIServiceCondition"},
    "APIServiceCondition": {
        "type": "!v1.APIServiceConditionType=string",
        "status": "!v1.ConditionStatus=string",
        "lastTransitionTime": "v1.Time",
        "reason": "string",
        "message": "string",
    },
    "ServiceReference": {"namespace": "string", "name": "string", "port": "*int32"},
}


@dataclass
class Package:
    path: str
    structs: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def schema_prefix(self) -> str:
        host, rest = self.path.split("/", 1)
        return ".".join(reversed(host.split("."))) + "." + rest.replace("/", ".")


def read_package(directory: pathlib.Path, path: str) -> Package:
    package = Package(path)
    for file in sorted(directory.glob("*.go")):
        if file.name.endswith("_test.go") or file.name.startswith("zz_generated"):
            continue
        text = strip_comments(file.read_text())
        head = text.split("\ntype ")[0]
        package.imports.update({alias or target.rsplit("/", 1)[-1]: target for alias, target in IMPORT.findall(head)})
        package.structs.update(dict(STRUCT.findall(text)))
        package.aliases.update(dict(ALIAS.findall(text)))
        package.named.update(dict(NAMED.findall(text)))
        for group in re.findall(r"^type \(\n(.*?)^\)", text, re.M | re.S):
            package.named.update(dict(GROUPED.findall(group)))
    return package


def strip_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("//")) + "\n"


def read_all(source: pathlib.Path) -> dict[str, Package]:
    packages = {}
    for root in ROOTS.values():
        for directory in [source / root, *sorted(p for p in (source / root).rglob("*") if p.is_dir())]:
            path = str(directory.relative_to(source / STAGING))
            package = read_package(directory, path)
            if package.structs:
                packages[path] = package
    return packages


class Facts:
    def __init__(self, packages: dict[str, Package]) -> None:
        self.packages = packages

    def resolve(self, package: Package, name: str) -> tuple[Package | None, str]:
        """Where a (possibly qualified) type name is declared; None when outside what we read."""
        name = package.aliases.get(name, name)
        if "." not in name:
            return package, name
        alias, local = name.split(".", 1)
        return self.packages.get(package.imports.get(alias, "")), local

    def printed(self, package: Package, text: str) -> str:
        """How reflect prints a type, with the underlying type of a named non-struct after '='."""
        if text.startswith("*"):
            return "*" + self.printed(package, text[1:])
        shown = self.shown(package, text)
        under = self.underlying(package, text)
        return shown if under == shown else f"{shown}={under}"

    def shown(self, package: Package, text: str) -> str:
        if text.startswith("[]"):
            return "[]" + self.shown(package, text[2:])
        if text.startswith("*"):
            return "*" + self.shown(package, text[1:])
        if text.startswith("map["):
            key, element = text[4:].split("]", 1)
            return f"map[{self.shown(package, key)}]{self.shown(package, element)}"
        if text == "byte":
            return "uint8"
        if text in BUILTIN:
            return text
        owner, local = self.resolve(package, text)
        if owner is not None:
            return f"{owner.name}.{local}"
        return f"{package.imports[text.split('.')[0]].rsplit('/', 1)[-1]}.{local}"

    def underlying(self, package: Package, text: str) -> str:
        if text.startswith(("[]", "map[")):
            cut = 2 if text.startswith("[]") else text.index("]") + 1
            head = self.shown(package, text[:cut] + "string")[: -len("string")]
            return head + self.underlying(package, text[cut:])
        if text in BUILTIN or text.startswith("*"):
            return self.shown(package, text)
        owner, local = self.resolve(package, text)
        if owner is None or local not in owner.named:
            return {"types.UID": "string", "types.NodeName": "string"}.get(text, self.shown(package, text))
        return self.underlying(owner, owner.named[local])

    def struct(self, package: Package, name: str, via: str = "") -> dict[str, str]:
        """The members in the order of their declaration, which is how Go's encoder writes them."""
        body = package.structs[name]
        found = [(match, self.member) for match in FIELD.finditer(body)] + [(match, self.embed) for match in EMBED.finditer(body)]
        fields: dict[str, str] = {}
        for match, read in sorted(found, key=lambda pair: pair[0].start()):
            fields.update(read(package, match, via))
        return fields

    def member(self, package: Package, match: re.Match[str], via: str) -> dict[str, str]:
        _name, go_type, tag = match.groups()
        json_tag = re.search(r'json:"([^"]*)"', tag)
        if not json_tag or json_tag[1].startswith("-"):
            return {}
        json_name, *options = json_tag[1].split(",")
        if not json_name and "inline" in options:
            return self.embedded(package, go_type, via)
        flag = "~" if "omitzero" in options else "" if "omitempty" in options else "!"
        return {json_name: flag + self.printed(package, go_type.strip()) + (f"@{via}" if via else "")}

    def embed(self, package: Package, match: re.Match[str], via: str) -> dict[str, str]:
        go_type, tag = match.groups()
        if not go_type.lstrip("*")[:1].isupper() and "." not in go_type:
            return {}
        named = re.search(r'json:"([^",]+)', tag or "")
        return {named[1]: self.printed(package, go_type)} if named else self.embedded(package, go_type, via)

    def embedded(self, package: Package, go_type: str, via: str) -> dict[str, str]:
        owner, local = self.resolve(package, go_type.lstrip("*"))
        if owner is None or local not in owner.structs:
            return {}
        return self.struct(owner, local, f"{via}.{local}" if via else local)


def openapi_facts(source: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Non-zero defaults and enums per Go type and property, from the generated OpenAPI definitions."""
    defaults: dict[str, Any] = {}
    enums: dict[str, Any] = {}
    for file in OPENAPI:
        text = (source / file).read_text()
        for match in re.finditer(r"^func schema_(\w+?)\(ref.*?^\}", text, re.M | re.S):
            for name, body in re.findall(r'^\t{5}"([^"]+)": \{\n(.*?)^\t{5}\},', match[0], re.M | re.S):
                top = re.search(r"^\t{7}Default: +(.+),$", body, re.M)
                found = re.match(r'^("[^"]*"|true|false|-?[\d.]+|\w+\.(\w+))$', top[1]) if top else None
                if found:
                    value = constant(source, found[2]) if found[2] else json.loads(found[1])
                    defaults.setdefault(match[1], {})[name] = value
                for tabs, values in re.findall(r"^(\t+)Enum: +\[\]interface\{\}\{(.*)\},$", body, re.M):
                    key = name if len(tabs) == 7 else f"{name}[]"
                    enums.setdefault(match[1], {})[key] = json.loads(f"[{values}]")
    return defaults, enums


def constant(source: pathlib.Path, name: str) -> str:
    """The text of a constant of core/v1."""
    text = (source / ROOTS["k8s.io/api/"] / "core/v1/types.go").read_text()
    found = re.search(rf'\b{name}\b[^=\n]*= "([^"]*)"', text)
    if not found:
        raise LookupError(name)
    return found[1]


def without_implied(name: str, defaults: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    """Defaults that do not follow from a member being written whatever its value."""
    implied = {key for key, value in defaults.items() if not value and fields.get(key, "")[:1] == "!"}
    pointers = {key for key in implied if fields[key][1:2] == "*"}
    return {key: value for key, value in defaults.items() if key not in implied - pointers}


def registered_kinds(packages: dict[str, Package], source: pathlib.Path) -> dict[str, list[str]]:
    """Every kind a scheme knows, by apiVersion: what is gone from the API can still be decoded."""
    kinds: dict[str, list[str]] = {}
    for path in packages:
        file = source / STAGING / path / "register.go"
        text = strip_comments(file.read_text()) if file.exists() else ""
        group = re.search(r'GroupName = "([^"]*)"', text)
        version = re.search(r'SchemeGroupVersion = .*Version: "(v[^"]+)"', text)
        added = re.findall(r"AddKnownTypes\(\s*SchemeGroupVersion,(.*?)\n\t\)", text, re.S)
        if group and version and added:
            found = re.findall(r"&(\w+)\{\}", "".join(added))
            kinds[f"{group[1]}/{version[1]}".lstrip("/")] = sorted(set(found))
    kinds["apiregistration.k8s.io/v1"] = [name for name in AGGREGATION if name in ("APIService", "APIServiceList")]
    return kinds


def generated_name(schema: str) -> str:
    """io.k8s.api.core.v1.Container -> k8sio_api_core_v1_Container, the generated function's suffix."""
    for prefix, short in (
        ("io.k8s.api.", "k8sio_api_"),
        ("io.k8s.apimachinery.pkg.apis.", "pkg_apis_"),
        ("io.k8s.apiextensions-apiserver.pkg.apis.", "pkg_apis_"),
        ("io.k8s.kube-aggregator.pkg.apis.", "pkg_apis_"),
    ):
        if schema.startswith(prefix):
            return short + schema[len(prefix) :].replace(".", "_")
    return schema


def derive(source: pathlib.Path) -> dict[str, Any]:
    packages = read_all(source)
    facts = Facts(packages)
    defaults, enums = openapi_facts(source)
    structs: dict[str, Any] = {}
    for package in packages.values():
        for name in [*package.structs, *package.aliases]:
            owner, local = facts.resolve(package, name)
            if name[0].isupper() and owner is not None and local in owner.structs:
                structs[f"{package.schema_prefix}.{name}"] = facts.struct(owner, local)
    prefix = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."
    structs.update({prefix + name: fields for name, fields in AGGREGATION.items()})
    by_name = {name: generated_name(name) for name in structs}
    listed = {
        name: without_implied(name, defaults[short], structs[name])
        for name, short in by_name.items()
        if short in defaults
    }
    return {
        "structs": {name: fields for name, fields in sorted(structs.items()) if fields},
        "defaults": {name: found for name, found in sorted(listed.items()) if found},
        "registered": registered_kinds(packages, source),
        "enums": {name: enums[short] for name, short in sorted(by_name.items()) if short in enums},
    }


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:3])
    known = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    result = derive(source)
    if known:
        published = json.loads(known.read_text())["$defs"]
        missing = [n for n, d in published.items() if d.get("properties") and n not in result["structs"]]
        print("published but not derived:", missing)
        for part in (result["structs"], result["defaults"], result["enums"]):
            for name in [n for n in part if n not in published]:
                del part[name]
        for name, fields in result["structs"].items():
            if set(fields) != set(published[name].get("properties", ())):
                print(name, set(fields) ^ set(published[name].get("properties", ())))
    lines = []
    for part, entries in result.items():
        rows = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in entries.items())
        lines.append(f"{json.dumps(part)}:{{\n{rows}\n}}")
    target.write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
