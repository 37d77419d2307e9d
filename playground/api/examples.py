"""What one may send, as the API's documentation shows it. Every one of them works on a cluster `demo` of the usual three nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample


def sent(examples: Mapping[str, Any], media_type: str = "application/json") -> list[OpenApiExample]:
    """For `extend_schema`."""
    return [OpenApiExample(name, value, request_only=True, media_type=media_type) for name, value in examples.items()]


CLUSTER = sent(
    {
        "three nodes": {"name": "shop", "nodes": 3},
        "the same every time": {"name": "exam", "nodes": 2, "seed": 7, "start": "2026-01-01T00:00:00Z", "paused": True},
        "set up by hand": {"name": "hardway", "nodes": 2, "bare": True, "flavour": "manual"},
    }
)
NODE = sent(
    {
        "one like the others": {},
        "two in a zone": {"count": 2, "zone": "zone-b", "cpu": "8", "memory": "16Gi"},
        "for some pods only": {"name": "gpu-1", "labels": {"gpu": "true"}, "taints": ["gpu=true:NoSchedule"]},
    }
)
LOAD = sent({"memory": {"memory": "6Gi"}, "nothing": {"memory": "0", "storage": "0", "pids": "0"}})
PART = sent({"part of the control plane": {}, "kubelet": {"node": "node-1"}})
CLOCK = sent(
    {
        "pause": {"action": "pause"},
        "run a hundred times as fast": {"action": "run", "speed": 100},
        "a minute ahead": {"action": "advance", "seconds": 60},
        "until nothing happens any more": {"action": "settle", "seconds": 600},
        "stop what is under way": {"action": "cancel"},
    }
)
TIMINGS = sent(
    {"pulls are slow, and some fail": {"pull-latency": [20, 40], "pull-failure": 0.3}, "as usual": {"pull-latency": None, "pull-failure": None}}
)
FORK = sent({"as of a revision": {"name": "what-if", "revision": 500}, "as of now": {"name": "twin"}})
TRACE = sent(
    {
        "from outside": {"from": "outside", "to": "http://node-1:30080/"},
        "from a pod to a service": {"from": {"pod": "default/web-0"}, "to": "http://shop.default.svc/", "method": "GET"},
    }
)
APPLY = sent(
    {
        "a deployment": """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
"""
    },
    "application/yaml",
)
