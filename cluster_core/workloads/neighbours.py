"""What containers need from those around them, who do not know them: the simulation puts them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cluster_core.machinery.containers import Launch
from cluster_core.machinery.typed import Obj
from cluster_core.workloads.asking import Tool
from cluster_core.workloads.logs import Line


class Neighbours:
    """As long as nobody is there: no volumes, no network, nobody who listens."""

    def __init__(self) -> None:
        self.volume_of: Callable[[str, str], Obj | None] = lambda namespace, claim: None
        """The PersistentVolume that a claim is bound to."""
        self.fault: Callable[[Launch], str] = lambda launch: ""
        """What a container says before it gives up at once; "" for those that run as they do."""
        self.said: Callable[[Launch, int, int], list[Line] | None] = lambda launch, started, until: None
        """What a container has written whose program the catalogue does not speak for: started then, up to then."""
        self.besides: Callable[[Launch, int, int], Sequence[tuple[int, str]]] = lambda launch, started, until: ()
        """What a program, started then, has written up to then besides what the catalogue knows: (when, line)."""
        self.tools: Callable[[Launch, bool], Mapping[str, Tool]] = lambda launch, probing: {}
        """Commands that talk to the network, for a container's script and people, or for a probe, which leaves no trace."""
        self.send: Callable[[Launch, Obj], str] = lambda launch, action: ""
        """Sends an httpGet of a hook from the container's node; why nobody was reached."""
        self.now: Callable[[], int] = lambda: 0
        """The time, of those who stay in a container for longer."""
        self.running_as: Callable[[str, str], Iterable[tuple[Launch, int]]] = lambda pod, container: ()
        """(launch, when it started) of a pod's (namespace/name) running container of this name."""
        self.stirred: Callable[[str, str], None] = lambda pod, container: None
        """Hears that a container's script does something else from now on."""
        self.network_files: Callable[[Launch], Mapping[str, str]] = lambda launch: {}
        """/etc/resolv.conf and /etc/hosts of a pod's containers."""
