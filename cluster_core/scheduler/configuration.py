"""KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) to profiles.

Models pkg/scheduler/apis/config/v1: the default plugin set through MultiPoint, enabling and disabling per extension point
("*" disables all defaults), weights, plugin arguments, several profiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.clock import SECOND
from cluster_core.scheduler.framework import Plugin, Profile
from cluster_core.scheduler.registry import DEFAULTS, PLUGINS

POINTS = (
    "preEnqueue",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
)
API_VERSION = "kubescheduler.config.k8s.io/v1"


class BadConfiguration(ValueError):
    """The scheduler refuses to start with this configuration."""


@dataclass(frozen=True, slots=True)
class Configuration:
    profiles: Mapping[str, Profile]
    first_backoff: int = SECOND
    longest_backoff: int = 10 * SECOND


@dataclass(frozen=True, slots=True)
class _Enabled:
    name: str
    weight: int


def _entries(point: Mapping[str, Any] | None) -> list[_Enabled]:
    found = (point or {}).get("enabled") or ()
    return [_Enabled(entry["name"], int(entry.get("weight") or 0)) for entry in found]


def _disabled(point: Mapping[str, Any] | None) -> set[str]:
    return {entry["name"] for entry in (point or {}).get("disabled") or ()}


def _merged(defaults: Sequence[_Enabled], point: Mapping[str, Any] | None) -> list[_Enabled]:
    """The defaults that are not disabled, re-configured ones in their place, then what else is enabled."""
    disabled = _disabled(point)
    custom = {entry.name: entry for entry in _entries(point)}
    kept = [] if "*" in disabled else [custom.pop(d.name, d) for d in defaults if d.name not in disabled]
    return [*kept, *custom.values()]


def _at_point(multi: Sequence[_Enabled], point: Mapping[str, Any] | None) -> list[_Enabled]:
    """What runs at one extension point: what is enabled there comes first, then the rest of MultiPoint."""
    own = _entries(point)
    disabled, names = _disabled(point), {entry.name for entry in own}
    multi_names = {entry.name for entry in multi}
    first = [entry for entry in own if entry.name in multi_names]
    extra = [entry for entry in own if entry.name not in multi_names]
    rest = [] if "*" in disabled else [e for e in multi if e.name not in disabled and e.name not in names]
    return [*first, *rest, *extra]


def build_profile(profile: Mapping[str, Any]) -> Profile:
    """One profile. Raises BadConfiguration for a plugin nobody knows."""
    plugins = profile.get("plugins") or {}
    multi = _merged([_Enabled(plugin.name, weight) for plugin, weight in DEFAULTS], plugins.get("multiPoint"))
    points = {point: _at_point(multi, plugins.get(point)) for point in POINTS}
    args = {entry["name"]: entry.get("args") or {} for entry in profile.get("pluginConfig") or ()}
    made: dict[str, Plugin] = {}
    for entry in (entry for entries in points.values() for entry in entries):
        if entry.name not in PLUGINS:
            raise BadConfiguration(f'plugin "{entry.name}" does not exist')
        if entry.name not in made:
            made[entry.name] = PLUGINS[entry.name](args.get(entry.name))
    weights = {entry.name: entry.weight or 1 for entry in points["score"]}
    chosen = {point: [made[entry.name] for entry in entries] for point, entries in points.items()}
    return Profile(profile.get("schedulerName") or "default-scheduler", chosen, weights)


def parse(document: Mapping[str, Any] | None = None) -> Configuration:
    """The whole configuration; None gives the defaults."""
    document = document or {}
    if document.get("apiVersion", API_VERSION) != API_VERSION:
        raise BadConfiguration(
            f'no kind "KubeSchedulerConfiguration" is registered for version "{document["apiVersion"]}"'
        )
    entries: Sequence[Mapping[str, Any]] = document.get("profiles") or ({},)
    built = [build_profile(entry) for entry in entries]
    names = [profile.name for profile in built]
    if len(set(names)) < len(names):
        raise BadConfiguration("profiles[].schedulerName: Duplicate value")
    return Configuration(
        {profile.name: profile for profile in built},
        int(document.get("podInitialBackoffSeconds") or 1) * SECOND,
        int(document.get("podMaxBackoffSeconds") or 10) * SECOND,
    )
