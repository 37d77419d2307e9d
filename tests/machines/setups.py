"""A cluster in either set-up, and the same words for changing it: a manifest is edited, or a unit file and its unit restarted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.request import ADMIN, ApiResponse, User
from cluster_core.simulation.control import control_of
from tests.builders import Engine, pod

MASTER, WORKER = "control-plane", "node-1"
FLAVOURS = ("kubeadm", "manual")
CONFIG = "/var/lib/kubelet/config.yaml"


class SetUp:
    """Everything is typed on machines; `flavour` only says where a part's command line is written."""

    def __init__(self, flavour: str = "kubeadm", nodes: int = 2, **spec: Any) -> None:
        self.flavour = flavour
        self.engine = Engine(nodes=nodes, flavour=flavour, **spec)
        self.engine.settle()
        self.api, self.cluster = self.engine.api, self.engine.cluster

    # ------------------------------------------------------------------------------------------------ on machines

    def run(self, line: str, node: str = MASTER, **more: Any) -> str:
        """Standard output and error of a command; files it writes are put onto the machine."""
        answer = self.cluster.command("machine-run", {"node": node, "argv": line.split(), **more})
        if answer["files"]:
            self.write(node, {path: data.decode() for path, data in answer["files"].items()})
        return str(answer["out"] + answer["err"])

    def files(self, node: str = MASTER) -> dict[str, str]:
        return dict(self.cluster.command("machine-files", {"node": node})["files"])

    def write(self, node: str, changes: dict[str, str | None]) -> None:
        self.cluster.command("machine-write", {"node": node, "changes": changes})

    def replace(self, node: str, path: str, before: str, after: str) -> None:
        text = self.files(node)[path]
        assert before in text, text
        self.write(node, {path: text.replace(before, after)})

    # ------------------------------------------------------------------------------------------------ parts

    def path_of(self, component: str) -> str:
        if self.flavour == "kubeadm":
            return f"/etc/kubernetes/manifests/{component}.yaml"
        return f"/etc/systemd/system/{component}.service"

    def edit(self, component: str, before: str, after: str) -> None:
        """Change a part's command line, and let it be started with that."""
        self.replace(MASTER, self.path_of(component), before, after)
        if self.flavour == "manual":
            self.run(f"systemctl restart {component}")

    def option(self, component: str, text: str) -> None:
        """Give a part one more option, or another value of it."""
        name = text.partition("=")[0]
        line = next((each.strip() for each in self.files()[self.path_of(component)].splitlines() if f"{name}=" in each), "")
        if line:
            self.edit(component, line.removeprefix("- ").removesuffix(" \\"), text)
        elif self.flavour == "kubeadm":
            self.edit(component, f"    - {component}\n", f"    - {component}\n    - {text}\n")
        else:
            self.edit(component, f"/usr/local/bin/{component} \\\n", f"/usr/local/bin/{component} \\\n  {text} \\\n")

    def log(self, component: str) -> str:
        """What a part says: in its container's log, or in the journal."""
        if self.flavour == "manual":
            return self.run(f"journalctl -u {component}")
        self.cluster.advance(5)
        return self.run(f"crictl logs {component}")

    def is_running(self, component: str) -> bool:
        return control_of(self.cluster).is_running(component)

    def share(self, component: str, path: str) -> None:
        """Let a part see a file of its machine: mounted into a pod; a unit sees it anyway."""
        if self.flavour == "manual":
            return
        text = self.files()[self.path_of(component)]
        text = text.replace("    volumeMounts:\n", f"    volumeMounts:\n    - mountPath: {path}\n      name: extra\n      readOnly: true\n")
        text = text.replace("  volumes:\n", f"  volumes:\n  - hostPath:\n      path: {path}\n      type: File\n    name: extra\n")
        self.write(MASTER, {self.path_of(component): text})

    # ------------------------------------------------------------------------------------------------ what comes of it

    def get(self, path: str, user: User = ADMIN) -> ApiResponse:
        return self.engine.call("GET", path, user=user)

    def pod(self, name: str = "web", seconds: float = 30, **spec: Any) -> dict[str, Any]:
        """A new pod, after a while."""
        self.api.create("Pod", pod(name, **spec))
        self.cluster.advance(seconds)
        return self.find("Pod", name)

    def find(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        found = self.api.get(kind, namespace, name)
        assert found is not None
        return dict(found)

    def ready(self, node: str = WORKER) -> str:
        conditions = self.find("Node", node, "")["status"]["conditions"]
        return str(next(each["status"] for each in conditions if each["type"] == "Ready"))

    def until(self, holds: Callable[[], bool], seconds: int = 300) -> bool:
        """Let time pass until it holds."""
        for _ in range(seconds):
            if holds():
                return True
            self.cluster.advance(1)
        return holds()
