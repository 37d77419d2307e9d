"""The kubectl commands a submission may list, each done with the requests that kubectl would send.

A small set for graded command lists; people use the real kubectl.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.machinery import selector_text, selectors, yamlio
from cluster_core.simulation.commands import CommandError

if TYPE_CHECKING:
    from .ground import Ground

STRATEGIC, MERGE, JSON_PATCH = (f"application/{name}-patch+json" for name in ("strategic-merge", "merge", "json"))
_TYPES = {"strategic": STRATEGIC, "merge": MERGE, "json": JSON_PATCH}
MAX_SLEEP = 3600.0


class Refused(Exception):
    """The command cannot be done; str() is what kubectl prints."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(f"error: {message}")


class Kubectl:
    """Runs commands against one cluster. `files`: what -f may name."""

    def __init__(self, ground: Ground, files: Mapping[str, str], wait: Callable[[float], None] | None = None) -> None:
        """`wait` lets virtual seconds pass, in its own way."""
        self._ground, self._files = ground, files
        self._wait = wait or ground.advance

    def run(self, line: str) -> str:
        """What it prints. Raises Refused."""
        words = _words(line)
        if words[0] == "sleep" and len(words) == 2:
            return self._sleep(words[1])
        if words[0] not in ("kubectl", "k") or len(words) < 2:
            raise Refused(f'"{words[0]}" is not a command here: kubectl and sleep are')
        verb = words[1]
        method = _VERBS.get(verb)
        if method is None:
            raise Refused(f'error: unknown command "{verb}"; there are {", ".join(sorted(_VERBS))}')
        try:
            return method(self, words[2:])
        except CommandError as error:
            raise Refused(f"error: {error}") from error

    def _sleep(self, text: str) -> str:
        try:
            seconds = float(text.removesuffix("s"))
        except ValueError:
            raise Refused(f"sleep: invalid time interval '{text}'") from None
        if not 0 <= seconds <= MAX_SLEEP:
            raise Refused(f"sleep: at most {MAX_SLEEP:.0f} seconds")
        self._wait(seconds)
        return ""

    # ------------------------------------------------------------------------------------------------ helpers

    def _parser(self) -> _Parser:
        parser = _Parser(add_help=False, allow_abbrev=False)
        parser.add_argument("-n", "--namespace", default="default")
        parser.add_argument("words", nargs="*")
        return parser

    def _file(self, name: str) -> str:
        text = self._files.get(name.removeprefix("./"))
        if text is None:
            raise Refused(f'error: the path "{name}" does not exist')
        return text

    def kind(self, word: str) -> Kind:
        """A kind as people name it: deploy, deployment, deployments.apps."""
        plain = word.lower().partition(".")[0]
        for kind in self._ground.kinds:
            if kind.stored and plain in (kind.plural, kind.name.lower(), *kind.short):
                return kind  # type: ignore[no-any-return]
        raise Refused(f'error: the server doesn\'t have a resource type "{word}"')

    def targets(self, words: list[str]) -> list[tuple[Kind, str]]:
        """KIND/NAME... or KIND NAME..."""
        if not words:
            raise Refused("error: you must provide one or more resources")
        if "/" in words[0]:
            return [(self.kind(word.partition("/")[0]), word.partition("/")[2]) for word in words]
        if len(words) < 2:
            raise Refused("error: resource(s) were provided, but no name was specified")
        return [(self.kind(words[0]), name) for name in words[1:]]

    def ask(self, method: str, path: str, body: Any = None, media: str = "application/json") -> dict[str, Any]:
        data = b"" if body is None else orjson.dumps(body)
        query = () if method in ("GET", "DELETE") else (("fieldManager", "kubectl"),)
        answer = self._ground.submit(ApiRequest(method, path, query, {"content-type": media}, data, ADMIN))
        found: dict[str, Any] = answer.json()
        if answer.status >= 400:
            raise Refused(f"Error from server ({found.get('reason', '')}): {found.get('message', '')}")
        return found

    def patch(self, kind: Kind, namespace: str, name: str, patch: Any, media: str = MERGE) -> str:
        self.ask("PATCH", path_of(kind, namespace, name), patch, media)
        return f"{kind.plural}/{name} patched"

    # ------------------------------------------------------------------------------------------------ commands

    def apply(self, words: list[str]) -> str:
        parser = self._parser()
        parser.add_argument("-f", "--filename", action="append", required=True)
        told = []
        for name in parser.parse_args(words).filename:
            for result in self._ground.apply(self._file(name)):
                if result["status"] == "error":
                    raise Refused(result["message"])
                told.append(f"{result['kind'].lower()}/{result['name']} {result['status']}")
        return "\n".join(told)

    def delete(self, words: list[str]) -> str:
        parser = self._parser()
        parser.add_argument("--grace-period", type=int)
        parser.add_argument("--force", action="store_true")
        parser.add_argument("-l", "--selector")
        given = parser.parse_args(words)
        grace = 0 if given.force else given.grace_period
        body = None if grace is None else {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace}
        for kind, name in self._chosen(given):
            self.ask("DELETE", path_of(kind, given.namespace, name), body)
        return "deleted"

    def _chosen(self, given: Any) -> list[tuple[Kind, str]]:
        """By name, or by labels."""
        if not given.selector:
            return self.targets(given.words)
        kind = self.kind(given.words[0]) if given.words else self.kind("pods")
        try:
            matches = selector_text.parse_labels(given.selector).matches
        except selectors.SelectorError as error:
            raise Refused(f"error: {error}") from error
        found = self.ask("GET", path_of(kind, given.namespace, ""))["items"]
        chosen = [obj for obj in found if matches(obj["metadata"].get("labels") or {})]
        return [(kind, obj["metadata"]["name"]) for obj in chosen]

    def scale(self, words: list[str]) -> str:
        parser = self._parser()
        parser.add_argument("--replicas", type=int, required=True)
        given = parser.parse_args(words)
        for kind, name in self.targets(given.words):
            self.ask(
                "PATCH", path_of(kind, given.namespace, name) + "/scale", {"spec": {"replicas": given.replicas}}, MERGE
            )
        return "scaled"

    def set(self, words: list[str]) -> str:
        """set image KIND/NAME CONTAINER=IMAGE..."""
        given = self._parser().parse_args(words)
        if given.words[:1] != ["image"]:
            raise Refused("error: only set image is known here")
        pairs = [word.partition("=") for word in given.words[1:] if "=" in word]
        images = [{"name": name, "image": image} for name, _, image in pairs]
        for kind, name in self.targets([word for word in given.words[1:] if "=" not in word]):
            found = self.ask("GET", path_of(kind, given.namespace, name))
            template = {"containers": _starred(images, found)}
            patch = {"spec": template if kind.name == "Pod" else {"template": {"spec": template}}}
            self.patch(kind, given.namespace, name, patch, STRATEGIC)
        return "image updated"

    def label(self, words: list[str]) -> str:
        return self._metadata(words, "labels")

    def annotate(self, words: list[str]) -> str:
        return self._metadata(words, "annotations")

    def _metadata(self, words: list[str], key: str) -> str:
        parser = self._parser()
        parser.add_argument("--overwrite", action="store_true")
        given = parser.parse_args([word for word in words if not _removal(word)])
        changes = {word[:-1]: None for word in words if _removal(word)}
        changes |= {name: value for name, _, value in (word.partition("=") for word in given.words if "=" in word)}
        for kind, name in self.targets([word for word in given.words if "=" not in word]):
            self.patch(kind, given.namespace, name, {"metadata": {key: changes}})
        return f"{key} changed"

    def taint(self, words: list[str]) -> str:
        """taint nodes NAME KEY=VALUE:EFFECT | KEY:EFFECT-"""
        given = self._parser().parse_args(words)
        targets = self.targets([word for word in given.words if ":" not in word and not word.endswith("-")])
        for kind, name in targets:
            node = self.ask("GET", path_of(kind, "", name))
            taints = node["spec"].get("taints", [])
            for word in given.words:
                taints = _tainted(taints, word)
            self.patch(kind, "", name, {"spec": {"taints": taints or None}})
        return "tainted"

    def cordon(self, words: list[str]) -> str:
        return self._node_command("cordon", words)

    def uncordon(self, words: list[str]) -> str:
        return self._node_command("uncordon", words)

    def drain(self, words: list[str]) -> str:
        return self._node_command("drain-node", words)

    def _node_command(self, command: str, words: list[str]) -> str:
        names = [word for word in words if not word.startswith("-")]
        if not names:
            raise Refused("error: resource(s) were provided, but no name was specified")
        for name in names:
            self._ground.command(command, {"node": name})
        return command

    def patch_verb(self, words: list[str]) -> str:
        parser = self._parser()
        parser.add_argument("-p", "--patch", required=True)
        parser.add_argument("--type", choices=sorted(_TYPES), default="strategic")
        given = parser.parse_args(words)
        try:
            patch = yamlio.read_one(given.patch)
        except yamlio.YamlError as error:
            raise Refused(f"error: unable to parse the patch: {error}") from error
        targets = self.targets(given.words)
        return "\n".join(self.patch(kind, given.namespace, name, patch, _TYPES[given.type]) for kind, name in targets)

    def rollout(self, words: list[str]) -> str:
        given = self._parser().parse_args(words)
        action = given.words[0] if given.words else ""
        if action not in ("restart", "pause", "resume"):
            raise Refused("error: rollout restart, pause and resume are known here")
        for kind, name in self.targets(given.words[1:]):
            stamp = {"kubectl.kubernetes.io/restartedAt": self._ground.timestamp()}
            restart = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
            patch = restart if action == "restart" else {"spec": {"paused": True if action == "pause" else None}}
            self.patch(kind, given.namespace, name, patch)
        return action

    def create(self, words: list[str]) -> str:
        """create -f FILE, create namespace NAME, create deployment NAME --image IMAGE --replicas N"""
        parser = self._parser()
        parser.add_argument("-f", "--filename")
        parser.add_argument("--image")
        parser.add_argument("--replicas", type=int, default=1)
        given = parser.parse_args(words)
        if given.filename:
            return self.apply(["-f", given.filename, "-n", given.namespace])
        if len(given.words) != 2:
            raise Refused("error: create namespace NAME and create deployment NAME --image=IMAGE are known here")
        kind, name = self.kind(given.words[0]), given.words[1]
        body = _new(kind, name, given)
        self.ask("POST", path_of(kind, given.namespace, ""), body)
        return f"{kind.plural}/{name} created"


_VERBS: dict[str, Callable[[Kubectl, list[str]], str]] = {
    "apply": Kubectl.apply,
    "create": Kubectl.create,
    "delete": Kubectl.delete,
    "scale": Kubectl.scale,
    "set": Kubectl.set,
    "label": Kubectl.label,
    "annotate": Kubectl.annotate,
    "taint": Kubectl.taint,
    "cordon": Kubectl.cordon,
    "uncordon": Kubectl.uncordon,
    "drain": Kubectl.drain,
    "patch": Kubectl.patch_verb,
    "rollout": Kubectl.rollout,
}


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Refused(f"error: {error}") from error
    if not words:
        raise Refused("error: an empty command")
    return words


def verb_of(line: str) -> str:
    """The kubectl command of a line, "" when it is none."""
    words = line.split()
    return words[1] if len(words) > 1 and words[0] in ("kubectl", "k") else ""


def path_of(kind: Kind, namespace: str, name: str) -> str:
    root = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
    place = f"/namespaces/{namespace}" if kind.namespaced else ""
    return f"{root}{place}/{kind.plural}" + (f"/{name}" if name else "")


def _removal(word: str) -> bool:
    return word.endswith("-") and "=" not in word and not word.startswith("-")


def _starred(images: list[dict[str, str]], obj: Mapping[str, Any]) -> list[dict[str, str]]:
    """*=IMAGE stands for all containers."""
    spec = obj["spec"].get("template", obj)["spec"] if obj["kind"] != "Pod" else obj["spec"]
    names = [container["name"] for container in spec["containers"]]
    star = next((each["image"] for each in images if each["name"] == "*"), None)
    unknown = next((each["name"] for each in images if each["name"] not in (*names, "*")), None)
    if unknown is not None:
        raise Refused(f'error: unable to find container named "{unknown}"')
    return [{"name": name, "image": star} for name in names] if star else images


def _tainted(taints: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    """The taints with this one added, or taken away when the word ends in a dash."""
    if ":" not in word and not word.endswith("-"):
        return taints
    pair, _, effect = word.removesuffix("-").partition(":")
    key, _, value = pair.partition("=")
    rest = [each for each in taints if each["key"] != key or (effect and each["effect"] != effect)]
    if word.endswith("-"):
        return rest
    return [*rest, {"key": key, "effect": effect, **({"value": value} if value else {})}]


def _new(kind: Kind, name: str, given: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}}
    if kind.name == "Namespace":
        return body
    if kind.name != "Deployment" or not given.image:
        raise Refused(f"error: create {kind.name.lower()} is not known here; use apply -f")
    labels = {"app": name}
    container = {"name": given.image.rpartition("/")[2].partition(":")[0], "image": given.image}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": given.replicas, "selector": {"matchLabels": labels}, "template": template}
    return {**body, "metadata": {"name": name, "labels": labels}, "spec": json.loads(json.dumps(spec))}
