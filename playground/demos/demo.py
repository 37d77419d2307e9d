"""What a demo is, and its file: YAML or JSON, versioned, with a published schema. Errors name file, line and field.

A step has its moment (`at`, and exactly: `after`) and either a request or a command, as they were recorded. People may
write `apply` and `kubectl` instead: `scripts` makes the requests of them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from cluster_core.machinery import yamlio
from cluster_core.machinery.clock import SECOND
from cluster_core.simulation.recording import Entry, unpack_saved
from cluster_core.simulation.saved import ClusterSpec
from playground.grading import lines
from playground.grading.problems import Problem, Unusable

API_VERSION = "playground.dev/v1alpha1"
MAX_TEXT = 8 * 1024 * 1024
SCHEMA_FILE = Path(__file__).with_name("schema.json")
_BY_HAND = ("apply", "kubectl")
_NOT_FOR_DEMOS = ("create", "adopt", "delete", "fork", "clock", "history")


class DemoError(Unusable):
    """The file cannot be used."""


@dataclass(frozen=True, slots=True)
class Demo:
    """`steps` as in the file, their times in seconds; `end`: {"at", "after"?, "hash"?}."""

    name: str
    title: str
    steps: Sequence[Mapping[str, Any]]
    description: str = ""
    cluster: Mapping[str, Any] = field(default_factory=dict)
    begin: str = ""
    gaps: Sequence[str] = ()
    end: Mapping[str, Any] = field(default_factory=dict)
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)
    """By language, as `wording.texts` has them: what is replayed does not depend on them."""

    @property
    def is_script(self) -> bool:
        """Whether people wrote it: its requests are still to be made."""
        return any(key in step for step in self.steps for key in _BY_HAND)

    @property
    def seconds(self) -> float:
        last = float(self.steps[-1]["at"]) if self.steps else 0.0
        return float(self.end.get("at", last))

    def spec(self, name: str) -> ClusterSpec:
        """What its cluster is made from."""
        given = dict(self.cluster)
        if "start" in given:
            given["start"] = int(given["start"]) * SECOND
        if "cpu" in given:
            given["cpu"] = str(given["cpu"])
        return ClusterSpec(name, **given)

    def entries(self) -> list[Entry]:
        """The steps as `simulation.replay` takes them."""
        return [_entry(step) for step in self.steps]

    @property
    def captions(self) -> list[str]:
        return [step["caption"] for step in self.steps if step.get("caption")]


def _entry(step: Mapping[str, Any]) -> Entry:
    rest = {key: value for key, value in step.items() if key not in ("at", "after")}
    exact = {"steps": step["after"]} if "after" in step else {}
    return {"at": round(step["at"] * SECOND), **exact, **rest}


# ---------------------------------------------------------------------------------------------------- recorded


def of_recording(*, name: str, title: str, description: str, told: Mapping[str, Any]) -> Demo:
    """From what the command demo-entries answers."""
    spec = asdict(ClusterSpec.decode(told["spec"]))
    spec.pop("name")
    spec["start"] //= SECOND
    plain = asdict(ClusterSpec(""))
    spec.pop("limits")
    kept = {key: value for key, value in spec.items() if key in ("nodes", "seed", "start") or value != plain[key]}
    steps = [_step(entry) for entry in told["entries"]]
    end = {"at": told["end"]["at"] / SECOND, "after": told["end"]["steps"], "hash": told["end"]["hash"]}
    return Demo(name, title, steps, description, kept, told["begin"], tuple(told["gaps"]), end)


def _step(entry: Entry) -> dict[str, Any]:
    rest = {key: value for key, value in entry.items() if key not in ("at", "steps", "caption")}
    caption = {"caption": entry["caption"]} if entry.get("caption") else {}
    return {"at": entry["at"] / SECOND, "after": entry["steps"], **caption, **rest}


# ---------------------------------------------------------------------------------------------------- the file


@lru_cache(1)
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return loaded


def dump(demo: Demo) -> str:
    """As YAML."""
    begin = {"title": demo.title, "description": demo.description, "cluster": dict(demo.cluster), "begin": demo.begin}
    end = {"gaps": list(demo.gaps), "end": dict(demo.end)}
    steps = [dict(step) for step in demo.steps]
    spec = {**_given(begin), "steps": steps, **_given(end)}
    whole = {"apiVersion": API_VERSION, "kind": "Demo", "metadata": {"name": demo.name}, "spec": spec}
    return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}


_MISTAKABLE = re.compile(r"[-+.0-9]|[yYnN]\Z")
"""What begins so is quoted: YAML's versions differ on what a number and what a truth value is."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _MISTAKABLE.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def load(text: str, file: str = "demo.yaml") -> Demo:
    """Raises DemoError."""
    if len(text) > MAX_TEXT:
        raise DemoError([Problem(file, 1, "", f"larger than {MAX_TEXT} bytes")])
    try:
        value = yamlio.read_one(text)
    except yamlio.YamlError as error:
        raise DemoError([Problem(file, error.line or 1, "", error.message)]) from error
    found = list(_schema_problems(value)) or list(_other_problems(value["spec"]))
    if found:
        raise DemoError([Problem(file, lines.line_of(text, path), lines.field_text(path), why) for path, why in found])
    spec = value["spec"]
    optional = {key: spec[key] for key in ("description", "cluster", "begin", "gaps", "end") if key in spec}
    return Demo(value["metadata"]["name"], spec["title"], spec["steps"], **optional)


Found = Iterator[tuple[list[str | int], str]]


def _schema_problems(value: Any) -> Found:
    for error in Draft202012Validator(schema()).iter_errors(value):
        one_of = error.validator == "oneOf"
        yield (
            list(error.absolute_path),
            "exactly one of request, command, apply, kubectl" if one_of else str(error.message)[:300],
        )


def _other_problems(spec: Mapping[str, Any]) -> Found:
    """What a schema cannot say."""
    previous = 0.0
    for index, step in enumerate(spec["steps"]):
        if step["at"] < previous:
            yield ["spec", "steps", index, "at"], "is before the step before it"
        previous = step["at"]
        if step.get("command") in _NOT_FOR_DEMOS or step.get("command", "").startswith("demo-"):
            yield ["spec", "steps", index, "command"], "is nothing that happens to a cluster"
        yield from _encoding_problems(step.get("request", {}), ["spec", "steps", index, "request"])
    if spec.get("end", {}).get("at", previous) < previous:
        yield ["spec", "end", "at"], "is before the last step"
    if spec.get("begin"):
        try:
            unpack_saved(spec["begin"])
        except ValueError as error:
            yield ["spec", "begin"], str(error)


def _encoding_problems(request: Mapping[str, Any], path: list[str | int]) -> Found:
    if sum(1 for key in ("body", "text", "base64") if key in request) > 1:
        yield path, "body, text and base64 exclude each other"
    try:
        base64.b64decode(request.get("base64", ""), validate=True)
    except binascii.Error as error:
        yield [*path, "base64"], str(error)
