"""exec: a command in a container, run as `kubectl exec` does, through the node's kubelet."""

from __future__ import annotations

import shlex

from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.nodes import fleet_of
from playground.grading.saying import Said

from .base import CheckKind, Finding, Problems, Spec, View, anything, failed, is_ready, none_of, passed


def evaluate(spec: Spec, view: View) -> Finding:
    """The first of the chosen pods, ready ones first, runs it."""
    pods = sorted(view.objects(spec, "Pod"), key=lambda pod: not is_ready(pod))
    if not pods:
        return none_of(spec, "Pod")
    command = spec["command"] if isinstance(spec["command"], list) else ["sh", "-c", spec["command"]]
    pod, text = pods[0], shlex.join(command)
    try:
        done = fleet_of(view.cluster).inside.execute(pod, spec.get("container", ""), list(command))
    except ApiError as error:
        return failed(Said("%(command)s in %(pod)s: %(why)s", command=text, pod=pod["metadata"]["name"], why=error.message), [pod])
    shown = {"exitCode": done.exit_code, "stdout": done.stdout[:2000], "stderr": done.stderr[:2000]}
    wanted = spec.get("exitCode", 0)
    if done.exit_code != wanted:
        ended = Said("%(command)s ended with %(code)s, wanted %(wanted)s", command=text, code=done.exit_code, wanted=wanted)
        return failed(ended, [pod], **shown)
    if spec.get("stdout", "") not in done.stdout:
        lacks = Said('the output of %(command)s does not contain "%(wanted)s"', command=text, wanted=spec["stdout"])
        return failed(lacks, [pod], **shown)
    return passed(Said("%(command)s ended with %(code)s", command=text, code=done.exit_code), [pod], **shown)


def problems(spec: Spec) -> Problems:
    if spec.get("kind", "Pod") != "Pod":
        yield ["kind"], "commands run in Pods only"


CHECK = CheckKind("exec", evaluate, anything, problems)
