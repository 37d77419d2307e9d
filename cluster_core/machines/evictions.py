"""When a kubelet evicts: what its flags and its KubeletConfiguration say about thresholds, grace and reclaim.

Models ParseThresholdConfig of pkg/kubelet/eviction/helpers.go. Flags win over the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cluster_core.machinery import eviction
from cluster_core.machines import flags

_SIGNALS = frozenset(("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available",
                      "containerfs.available", "containerfs.inodesFree", "allocatableMemory.available"))  # fmt: skip
_DURATION = re.compile(r"(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|0")


def settings(given: flags.Flags, config: Mapping[str, Any]) -> dict[str, Any]:
    """As `kubelets.USUAL` has them. Raises ValueError: why the kubelet gives up."""
    hard = _pairs("evictionHard", given.get("eviction-hard", ""), config, "<")
    soft = _pairs("evictionSoft", given.get("eviction-soft", ""), config, "<")
    graces = _pairs("evictionSoftGracePeriod", given.get("eviction-soft-grace-period", ""), config, "=")
    for name in hard.keys() | soft.keys() | graces.keys():
        if name not in _SIGNALS:
            raise ValueError(f"unsupported eviction signal {name}")
    if not hard or config.get("mergeDefaultEvictionSettings"):
        hard = {**eviction.HARD, **hard}
    return {
        "evictionHard": hard,
        "evictionSoft": {name: [value, _grace(name, graces)] for name, value in soft.items()},
        "maxPodGrace": int(given.get("eviction-max-pod-grace-period") or config.get("evictionMaxPodGracePeriod") or 0),
        "minimumReclaim": _pairs("evictionMinimumReclaim", given.get("eviction-minimum-reclaim", ""), config, "="),
        "transition": str(given.get("eviction-pressure-transition-period") or config.get("evictionPressureTransitionPeriod") or "5m0s"),
    }


def _pairs(field: str, flag: str, config: Mapping[str, Any], sign: str) -> dict[str, str]:
    if flag:
        return dict(part.partition(sign)[::2] for part in flag.split(","))
    return {name: str(value) for name, value in (config.get(field) or {}).items()}


def _grace(signal: str, graces: Mapping[str, str]) -> str:
    """How long a soft threshold may be crossed."""
    text = graces.get(signal)
    if text is None:
        raise ValueError(f"grace period must be specified for the soft eviction threshold {signal}")
    if not _DURATION.fullmatch(text):
        raise ValueError(f'time: invalid duration \\"{text}\\"')
    return text
