"""Whether a container that has ended is started again: by its own rules, its own policy, else the pod's policy.

Models ContainerShouldRestart and FindMatchingContainerRestartRule of pkg/api/v1/pod/util.go.
"""

from __future__ import annotations

from cluster_core.machinery.typed import Obj

RESTART_ALL = "RestartAllContainers"


def matching_rule(container: Obj, exit_code: int) -> str:
    """The action of the container's first restart rule for this exit code, "" when there is none."""
    for rule in container.get("restartPolicyRules", ()):
        codes = rule.get("exitCodes")
        if codes is not None and (exit_code in codes.get("values", ())) == (codes["operator"] == "In"):
            return str(rule["action"])
    return ""


def could_renew(pod: Obj) -> bool:
    """Whether a rule of some container can make the whole pod begin anew. Models AllContainersCouldRestart."""
    spec = pod["spec"]
    return any(
        rule["action"] == RESTART_ALL
        for key in ("initContainers", "containers")
        for container in spec.get(key, ())
        for rule in container.get("restartPolicyRules", ())
    )


def policy_of(pod: Obj, container: Obj) -> str:
    """The restart policy that counts for the container."""
    return str(container.get("restartPolicy") or pod["spec"].get("restartPolicy", "Always"))


def should_restart(pod: Obj, container: Obj, exit_code: int) -> bool:
    """Whether the container is started again after it has ended with this code."""
    if matching_rule(container, exit_code):
        return True
    policy = policy_of(pod, container)
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)
