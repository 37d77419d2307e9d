"""Examples for the OpenAPI document."""

from __future__ import annotations

from typing import Any

_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: 'nginx:1.27'}\n"

SUBMISSIONS: dict[str, dict[str, Any]] = {
    "manifests": {"student": "ada", "manifests": _POD},
    "files": {"student": "ada", "files": {"pod.yaml": _POD}},
    "commands": {"student": "ada", "commands": ["kubectl create deployment web --image=nginx:1.27 --replicas=3"]},
    "live cluster": {"student": "ada", "cluster": "demo"},
}
