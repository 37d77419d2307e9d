"""`python -m benchmarks [module...]`: measure, print a table, write benchmarks/latest.json."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")

MODULES = (
    *("engine", "cluster_life", "rollout", "node_loss", "api", "fanout", "ws_rollout"),
    *("screen", "grading", "network", "classroom", "terminals"),
)
TARGETS: dict[str, tuple[str, float]] = {
    "api_create_pod_us": ("<=", 400),
    "cluster_create_ms": ("<=", 50),
    "idle_cluster_kib": ("<=", 1024),
    "wake_ms": ("<=", 50),
    "rollout_1000_pods_100_nodes_per_s": (">=", 400),
    "rollout_5000_pods_1000_nodes_per_s": (">=", 500),
    "rollout_spread_per_s": (">=", 200),
    "rollout_antiaffinity_per_s": (">=", 200),
    "rollout_growth_5000_over_100": ("<=", 2),
    "node_loss_ms": ("<=", 150),
    "api_get_per_s": (">=", 800),
    "api_create_per_s": (">=", 300),
    "api_p99_ms": ("<=", 100),
    "fanout_50_p99_ms": ("<=", 250),
    "rollout_1000_ws_kib": ("<=", 300),
    "ws_frames_per_s": ("<=", 20),
    "first_view_kib": ("<=", 350),
    "frame_p95_ms": ("<=", 33),
    "gradings_per_s": (">=", 15),
    "grading_p95_ms": ("<=", 250),
    "rules_1000_services_ms": ("<=", 300),
    "rules_change_ms": ("<=", 1),
    "trace_ms": ("<=", 1),
    "class_100_errors": ("<=", 0),
    "class_100_p99_ms": ("<=", 1000),
    "kubectl_40_max_s": ("<=", 5),
    "shells_200_mib": ("<=", 60),
}
LATEST = Path(__file__).parent / "latest.json"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_mib": int(memory) // 1024,
        "python": platform.python_version(),
        "system": platform.platform(),
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def row(name: str, value: float) -> str:
    relation, target = TARGETS.get(name, ("", 0.0))
    met = {"<=": value <= target, ">=": value >= target, "": True}[relation]
    wanted = f"{relation} {target:g}" if relation else ""
    return f"{name:<36} {value:>10.1f}   {wanted:<10} {'' if met else 'MISSED'}"


def main(wanted: list[str]) -> int:
    facts = machine()
    print(f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, load {facts['load']:.1f}")
    before = json.loads(LATEST.read_text())["figures"] if LATEST.exists() and wanted else {}
    figures: dict[str, float] = dict(before)
    failed = False
    for name in wanted or MODULES:
        try:
            found = import_module(f"benchmarks.{name}").figures()
        except Exception as error:  # noqa: BLE001 - the other figures are wanted all the same
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
            failed = True
            continue
        figures |= found
        for key, value in found.items():
            print(row(key, value), flush=True)
    rounded = {key: round(value, 1) for key, value in figures.items()}
    LATEST.write_text(json.dumps({"machine": facts, "figures": rounded}, indent=2) + "\n")
    print(f"written to {LATEST}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
