"""exec: a command in a container, run as `kubectl exec` does, through the node's kubelet."""

from __future__ import annotations

import shlex

from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.nodes import fleet_of

from .base import CheckKind, Finding, Problems, Spec, View, anything, described, failed, is_ready, passed


def evaluate(spec: Spec, view: View) -> Finding:
    """The first of the chosen pods, ready ones first, runs it."""
    pods = sorted(view.objects(spec, "Pod"), key=lambda pod: not is_ready(pod))
    if not pods:
        return failed(f"there is no {described(spec, 'Pod')}")
    command = spec["command"] if isinstance(spec["command"], list) else ["sh", "-c", spec["command"]]
    pod, text = pods[0], shlex.join(command)
    try:
        done = fleet_of(view.cluster).inside.execute(pod, spec.get("container", ""), list(command))
    except ApiError as error:
        return failed(f"{text} in {pod['metadata']['name']}: {error.message}", [pod])
    shown = {"exitCode": done.exit_code, "stdout": done.stdout[:2000], "stderr": done.stderr[:2000]}
    wanted = spec.get("exitCode", 0)
    if done.exit_code != wanted:
        return failed(f"{text} ended with {done.exit_code}, wanted {wanted}", [pod], **shown)
    if spec.get("stdout", "") not in done.stdout:
        return failed(f'the output of {text} does not contain "{spec["stdout"]}"', [pod], **shown)
    return passed(f"{text} ended with {done.exit_code}", [pod], **shown)


def problems(spec: Spec) -> Problems:
    if spec.get("kind", "Pod") != "Pod":
        yield ["kind"], "commands run in Pods only"


CHECK = CheckKind("exec", evaluate, anything, problems)
