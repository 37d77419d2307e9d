"""Names of the chains that kube-proxy makes. Models the chain names of pkg/proxy/iptables/proxier.go."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from functools import lru_cache

SERVICES, EXTERNAL, NODEPORTS = "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS"
MARK_MASQ, POSTROUTING, FORWARD = "KUBE-MARK-MASQ", "KUBE-POSTROUTING", "KUBE-FORWARD"
PROXY_FIREWALL, FIREWALL = "KUBE-PROXY-FIREWALL", "KUBE-FIREWALL"
CLUSTER, LOCAL, SOURCES, OUTER, ENDPOINT = "KUBE-SVC-", "KUBE-SVL-", "KUBE-FW-", "KUBE-EXT-", "KUBE-SEP-"


@lru_cache(65536)
def digest(text: str) -> str:
    """The first 16 letters of the base32 form of the SHA-256."""
    return b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode()


def of_port(prefix: str, port: str, protocol: str) -> str:
    """The chain of a service's port ("namespace/name:port"); protocol in small letters."""
    return prefix + digest(port + protocol)


def of_endpoint(port: str, protocol: str, endpoint: str) -> str:
    """The chain of one endpoint ("10.244.1.2:80") of a service's port."""
    return ENDPOINT + digest(port + protocol + endpoint)
