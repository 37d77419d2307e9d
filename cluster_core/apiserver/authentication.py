"""Who asks: bearer tokens, client certificates, the way in, or nobody. Models apiserver/pkg/authentication.

An Authorization header wins over what the way in (the token in the URL) has authenticated already; a client
certificate of the cluster's authority wins over the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cluster_core.apiserver.request import ANONYMOUS, CLIENT_CERTIFICATE, ApiRequest, User
from cluster_core.machinery import errors
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.pki import Authority

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

AUTHENTICATED = "system:authenticated"
CREDENTIAL = "authentication.kubernetes.io/credential-id"


def user_of(server: ApiServer, request: ApiRequest) -> User:
    """The user of a request. Raises Unauthorized for credentials that are wrong."""
    shown = request.header(CLIENT_CERTIFICATE)
    if shown and (certified := user_of_certificate(server, shown)):
        return certified
    scheme, _, token = request.header("authorization").partition(" ")
    if scheme.lower() == "bearer" and token and not token.startswith(" "):
        return _of_token(server, request, token.partition(" ")[0])
    if request.user is not None and not scheme:
        return request.user
    if shown or str(server.options.get("anonymous-auth", "true")).lower() == "false":
        raise errors.unauthorized()
    return ANONYMOUS


def _of_token(server: ApiServer, request: ApiRequest, token: str) -> User:
    for authenticate in server.authenticators:
        user = authenticate(request)
        if user is not None:
            return user
    found = server.tokens.user_of(token)
    if found is None:
        raise errors.unauthorized()
    return found


def authority(server: ApiServer) -> Authority:
    """The cluster's certificate authority: it signs what clients show."""
    return Authority(server.world.seed, "kubernetes")


def user_of_certificate(server: ApiServer, pem: str | bytes) -> User | None:
    """The user a client certificate stands for: common name and organizations. None when it is not of our authority or
    not valid now."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    except ValueError:  # what OpenSSL lets pass, this reads more strictly
        return None
    now = server.world.clock.now
    begin, end = (
        moment.timestamp() * SECOND for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    )
    if not begin <= now <= end or not _signed_by(authority(server), certificate) or not _for_clients(certificate):
        return None
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    extra = {CREDENTIAL: [f"X509SHA256={fingerprint}"]}
    return (
        User(str(names[0].value), (*(str(group.value) for group in groups), AUTHENTICATED), extra=extra)
        if names
        else None
    )


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usages


def _signed_by(authority: Authority, certificate: x509.Certificate) -> bool:
    try:
        algorithm = ec.ECDSA(hashes.SHA256())
        authority.key.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, algorithm)
    except InvalidSignature:
        return False
    return True
