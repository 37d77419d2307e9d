"""A kubelet that has no client certificate yet asks for one, with the token of its bootstrap kubeconfig.

Models pkg/kubelet/certificate/bootstrap: a CertificateSigningRequest for system:node:NAME; when it is signed, the certificate
and a kubeconfig are written and the kubelet goes on with those. What is refused is asked for again every ten seconds.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, cast

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import ApiRequest, User
from cluster_core.machinery.pki import key_from, private_pem
from cluster_core.machinery.typed import Obj
from cluster_core.machines import rendering
from cluster_core.machines.kubelets import Settings
from cluster_core.machines.machine import Machine
from cluster_core.simulation import clientaccess, machinefiles
from cluster_core.simulation.nodes import park_of
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
PAUSE = 10.0


class Bootstraps:
    """The part that remembers who waits for which request."""

    name = "tls-bootstrap"
    kinds = frozenset(("CertificateSigningRequest",))

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._asked: dict[str, str] = {}
        """Machine -> the request it waits for."""

    def trouble(self, machine: Machine, settings: Settings) -> str:
        """Ask, if that has not been done; what the kubelet says meanwhile."""
        found = clientaccess.access(self._cluster, machinefiles.files(self._cluster, machine), settings["kubeconfig"])
        why = found.broken or found.refused
        if not why and found.user is not None:
            why = self._ask(machine, found.user)
        if not why:
            return f'"Waiting for client certificate to be issued" csr="{self._asked[machine.name]}"'
        self._cluster.agenda.soon(self.name, f"~{machine.name}", PAUSE)
        server = site_of(self._cluster).server
        return f'"Failed while requesting a signed certificate from the control plane" err="cannot create certificate signing request: Post \\"{server}{PATH}\\": {why}"'

    def _ask(self, machine: Machine, user: User) -> str:
        """Why the request is not taken; "" when it is there."""
        api = self._cluster.world.client("system:apiserver")
        known = api.get("CertificateSigningRequest", "", self._asked.get(machine.name, ""))
        if known is not None:
            return _refusal(known)
        request = _request(self._cluster, machine)
        name = f"node-csr-{hashlib.sha256(request).hexdigest()[:43]}"
        spec = {"request": base64.b64encode(request).decode(), "signerName": SIGNER, "usages": ["digital signature", "client auth"]}
        body = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name}, "spec": spec}
        answer = self._cluster.server.submit(ApiRequest("POST", PATH, headers={"content-type": "application/json"}, body=orjson.dumps(body), user=user))
        if answer.status not in (201, 409):
            return str(orjson.loads(answer.body).get("message", "")).replace('"', '\\"')
        self._asked[machine.name] = name
        return ""

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        name = change.obj["metadata"]["name"]
        for machine, request in self._asked.items() if self._asked else ():
            if request == name:
                self._cluster.agenda.soon(self.name, machine, 0.5)

    def run(self, key: str) -> None:
        """Something has become of a request, or it is time to ask again."""
        from cluster_core.simulation import machineparts

        machine = park_of(self._cluster).get(key.lstrip("~"))
        if machine is None or not machine.kubelet or not machine.settings.get("bootstrapped"):
            return
        found = self._cluster.world.client("system:apiserver").get("CertificateSigningRequest", "", self._asked.get(machine.name, ""))
        certificate = ((found or {}).get("status") or {}).get("certificate")
        if certificate:
            self._take(machine, base64.b64decode(certificate).decode())
        machineparts.look_again(self._cluster, machine)

    def _take(self, machine: Machine, certificate: str) -> None:
        """The kubelet writes what it has been given."""
        del self._asked[machine.name]
        site, target = site_of(self._cluster), machine.settings["bootstrapped"]
        pem = f"{machine.settings.get('certificates', rendering.KUBELET_PKI)}/kubelet-client-current.pem"
        conf = rendering.kubeconfig(f"system:node:{machine.name}", site.server, rendering.authority_text(site), {"client-certificate": pem, "client-key": pem})
        machinefiles.write(self._cluster, machine, {pem: certificate + private_pem(_key(self._cluster, machine)), target: conf})

    def dump(self) -> Any:
        return self._asked

    def load(self, state: Any) -> None:
        self._asked = dict(state)


def bootstraps_of(cluster: Cluster) -> Bootstraps:
    return cast(Bootstraps, cluster.parts[Bootstraps.name])


def _refusal(request: Obj) -> str:
    conditions = (request.get("status") or {}).get("conditions") or ()
    denied = any(each["type"] == "Denied" for each in conditions)
    return f"certificate signing request {request['metadata']['name']} is denied" if denied else ""


def _key(cluster: Cluster, machine: Machine) -> Any:
    return key_from(cluster.seed, "kubelet-client", machine.name)


def _request(cluster: Cluster, machine: Machine) -> bytes:
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"), x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{machine.name}")]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    signed = builder.sign(_key(cluster, machine), hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(serialization.Encoding.PEM)
