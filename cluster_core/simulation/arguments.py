"""Reading the arguments of commands: plain JSON in, checked values or a clear refusal out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery import names, quantity
from cluster_core.simulation.commands import CommandError


class Arguments:
    """The arguments of one command."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def has(self, key: str) -> bool:
        return self._given.get(key) not in (None, "")

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required unless there is a default."""
        value = self._given.get(key)
        if value in (None, ""):
            if default is None:
                raise CommandError(f"{key} is required")
            return default
        if not isinstance(value, str):
            raise CommandError(f"{key} must be a string")
        if key == "name":
            self._check_name(value)
        return value

    @staticmethod
    def _check_name(value: str) -> None:
        problems = names.dns1123_subdomain(value)
        if problems:
            raise CommandError(f'name "{value[:80]}" is not valid: {problems[0]}')

    def node(self) -> str:
        """The node's name, under "node" or "name"."""
        key = "node" if self.has("node") else "name"
        value = self.text(key)
        self._check_name(value)
        return value

    def truth(self, key: str, default: bool) -> bool:
        value = self._given.get(key)
        if value in (None, ""):
            return default
        if not isinstance(value, bool):
            raise CommandError(f"{key} must be true or false")
        return value

    def number(self, key: str, default: int, *, least: int, most: int) -> int:
        value = self._given.get(key)
        if value in (None, ""):
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise CommandError(f"{key} must be a whole number")
        if not least <= value <= most:
            raise CommandError(f"{key} must be between {least} and {most}")
        return value

    def quantity(self, key: str, default: str) -> str:
        """A positive quantity in its canonical form."""
        value = self._given.get(key)
        if value in (None, ""):
            return default
        try:
            parsed = quantity.parse(str(value))
        except quantity.QuantityError as error:
            raise CommandError(f"{key}: {error}") from error
        if parsed.sign() <= 0:
            raise CommandError(f"{key} must be greater than zero")
        return str(parsed)

    def labels(self, key: str) -> dict[str, str]:
        value = self._given.get(key) or {}
        if not isinstance(value, Mapping):
            raise CommandError(f"{key} must be an object of strings")
        for name, text in value.items():
            if not isinstance(text, str) or names.qualified_name(name) or names.label_value(text):
                raise CommandError(f'{key}: "{name}" is not a valid label')
        return dict(value)

    def taints(self, key: str) -> list[dict[str, str]]:
        """Taints as objects, or as kubectl writes them: "key=value:Effect"."""
        value = self._given.get(key) or []
        if not isinstance(value, (list, tuple)):
            raise CommandError(f"{key} must be a list")
        return [_taint(each) for each in value]


_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _taint(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        left, _, effect = value.rpartition(":")
        key, _, text = left.partition("=")
        value = {"key": key, "effect": effect, **({"value": text} if text else {})}
    if (
        not isinstance(value, Mapping)
        or value.get("effect") not in _EFFECTS
        or names.qualified_name(str(value.get("key")))
    ):
        raise CommandError(f"taints: {value!r} is not a valid taint")
    return {name: str(value[name]) for name in ("key", "value", "effect") if value.get(name)}
