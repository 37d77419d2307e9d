"""The key pairs of a kubeadm cluster, and what TLS says of files that do not belong together.

Certificates are real and follow from the cluster's seed. Models cmd/kubeadm/app/phases/certs and crypto/tls' words.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from cluster_core.machinery.pki import Authority, key_from, private_pem
from cluster_core.machinery.seed import Seed

AUTHORITIES = {"ca": "kubernetes", "etcd/ca": "etcd-ca", "front-proxy-ca": "front-proxy-ca"}
"""File -> common name."""
UNKNOWN_AUTHORITY = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


class Wanted(NamedTuple):
    """A certificate that kubeadm has signed."""

    name: str
    authority: str
    groups: tuple[str, ...] = ()


SIGNED = {
    "apiserver": Wanted("kube-apiserver", "ca"),
    "apiserver-kubelet-client": Wanted("kube-apiserver-kubelet-client", "ca", ("kubeadm:cluster-admins",)),
    "apiserver-etcd-client": Wanted("kube-apiserver-etcd-client", "etcd/ca"),
    "front-proxy-client": Wanted("front-proxy-client", "front-proxy-ca"),
    "etcd/server": Wanted("control-plane", "etcd/ca"),
    "etcd/peer": Wanted("control-plane", "etcd/ca"),
    "etcd/healthcheck-client": Wanted("kube-etcd-healthcheck-client", "etcd/ca"),
}


class Pair(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


@lru_cache(256)
def authority(seed: int, name: str) -> Pair:
    """One of AUTHORITIES."""
    found = Authority(Seed(seed), AUTHORITIES[name])
    return Pair(found.pem, private_pem(found.key))


@lru_cache(1024)
def issued(seed: int, wanted: Wanted, at: int) -> Pair:
    """Signed at this moment (microseconds); another moment gives another key."""
    signer = Authority(Seed(seed), AUTHORITIES[wanted.authority])
    key = key_from(Seed(seed), "issued", wanted.authority, wanted.name, at)
    return Pair(signer.issue(wanted.name, wanted.groups, key, at), private_pem(key))


@lru_cache(64)
def own_pair(seed: int, name: str, at: int) -> Pair:
    """What a kubelet signs for itself when it has no serving certificate: by an authority that nobody knows."""
    signer = Authority(Seed(seed), f"{name}-ca")
    key = key_from(Seed(seed), "issued", "own", name, at)
    return Pair(signer.issue(name, (), key, at), private_pem(key))


@lru_cache(64)
def bare_key(seed: int, name: str) -> Pair:
    """A key without a certificate: (public, private)."""
    key = key_from(Seed(seed), "bare", name)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return Pair(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode(), private_pem(key))


# ---------------------------------------------------------------------------------------------------- reading


@lru_cache(512)
def read(text: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return None


def common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


@lru_cache(512)
def is_signed_by(text: str, authority_text: str) -> bool:
    certificate, signer = read(text), read(authority_text)
    if certificate is None or signer is None:
        return False
    try:
        certificate.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


@lru_cache(512)
def pair_problem(certificate_text: str, key_text: str) -> str:
    """What crypto/tls says to a certificate and a key; "" when they belong together."""
    certificate = read(certificate_text)
    if certificate is None:
        return "tls: failed to find any PEM data in certificate input"
    try:
        key = serialization.load_pem_private_key(key_text.encode(), None)
    except (ValueError, TypeError):
        return "tls: failed to find any PEM data in key input"
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return "tls: private key does not match public key"
    return ""


def files_problem(files: Mapping[str, str], certificate: str, key: str) -> str:
    """The same of two paths."""
    for path in (certificate, key):
        if path not in files:
            return f"open {path}: no such file or directory"
    return pair_problem(files[certificate], files[key])
