"""What runs beside Kubernetes in a cluster: provisioners of storage and the cloud that has load balancers.

Their parts have the shape of controllers but are no parts of the controller manager: its flags do not concern them, and a
bare cluster has none. The cluster's options say which there are: "provisioners" (a list of names, or "*" for any) and
"load-balancer" (true or false).
"""

from __future__ import annotations

from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

LOCAL_PATH = "rancher.io/local-path"
HOST_PATH = "k8s.io/minikube-hostpath"
USUAL = (
    LOCAL_PATH,
    HOST_PATH,
    "hostpath.csi.k8s.io",
    "ebs.csi.aws.com",
    "efs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "disk.csi.azure.com",
    "file.csi.azure.com",
    "cinder.csi.openstack.org",
    "csi.vsphere.vmware.com",
    "driver.longhorn.io",
    "rook-ceph.rbd.csi.ceph.com",
    "nfs.csi.k8s.io",
    "dobs.csi.digitalocean.com",
)
SHARED = ("efs.csi.aws.com", "file.csi.azure.com", "nfs.csi.k8s.io")
"""File systems that all nodes can mount: nothing is attached."""


def provides(context: Context, provisioner: str) -> bool:
    """Whether this provisioner runs in the cluster."""
    wanted = context.options.get("provisioners", USUAL)
    return wanted == "*" or provisioner in wanted


def is_driver(provisioner: str) -> bool:
    """Whether it is a CSI driver, rather than one that makes directories on nodes."""
    return provisioner not in (LOCAL_PATH, HOST_PATH)


def attaches(provisioner: str) -> bool:
    return is_driver(provisioner) and provisioner not in SHARED


def component(context: Context, provisioner: str) -> str:
    """The name under which its pod speaks: the provisioner, the pod and a number."""
    uid = context.world.seed.uid("provisioner", provisioner)
    pod = "local-path-provisioner" if provisioner == LOCAL_PATH else f"{provisioner.split('.')[0]}-controller-0"
    return f"{provisioner}_{pod}_{uid}"


def driver_of(volume: Obj) -> str:
    """The CSI driver of a volume, "" when it has none."""
    return str((volume["spec"].get("csi") or {}).get("driver", ""))
