"""The usual hard eviction thresholds of a kubelet: below them pods have to leave. Shared by those who read a kubelet's
configuration and those who play the kubelet. Models pkg/kubelet/eviction/defaults_linux.go."""

HARD = {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
}
