"""Part of what OpenAPI documents offer, as one document: so that a run of a fuzzer has the same length whatever there is."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
_REFERENCE = re.compile(r"#/components/(\w+)/(.+)")


def sample(documents: Iterable[Document], seed: int, each: int) -> Document:
    """`each` operations of every document; another seed chooses others."""
    chosen = random.Random(seed)
    head: Document = {}
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {}
    for document in documents:
        head = {**document, **head}
        for section, members in document.get("components", {}).items():
            components.setdefault(section, {}).update(members)
        offered = sorted(_operations(document))
        for path, method in sorted(chosen.sample(offered, min(each, len(offered)))):
            item = document["paths"][path]
            shared = {name: value for name, value in item.items() if name not in METHODS}
            paths.setdefault(path, shared)[method] = item[method]
    return {**head, "paths": paths, "components": _needed(paths, components)}


def without(document: Document, text: str) -> Document:
    """The document without the operations that speak of something."""
    paths = {
        path: {name: operation for name, operation in item.items() if name not in METHODS or text not in str(operation)}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _operations(document: Document) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method


def _needed(paths: Any, components: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The components that are referred to from the paths, directly or not."""
    needed: dict[str, dict[str, Any]] = {}
    open_ = [*_references(paths)]
    while open_:
        section, name = open_.pop()
        if name not in needed.setdefault(section, {}):
            needed[section][name] = components[section][name]
            open_ += _references(components[section][name])
    return needed | {section: dict(members) for section, members in components.items() if section == "securitySchemes"}


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        found = _REFERENCE.fullmatch(str(value.get("$ref", "")))
        if found:
            yield found[1], found[2].replace("~1", "/")
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
