"""HTTPS beside plain HTTP, for Kubernetes clients: they send tokens and certificates over nothing else.

The listener asks for a client certificate and accepts any: the handshake proves the client holds its key, and whether
it means anything is for the cluster's API server to say, each cluster having an authority of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions

from playground.certificates import server_certificate


@dataclass(frozen=True)
class SecureListener:
    """Where to listen and for which names."""

    host: str
    port: int
    folder: Path
    names: tuple[str, ...]

    @classmethod
    def of_settings(cls, port: int) -> SecureListener | None:
        """None when there is to be none."""
        public = urlsplit(settings.PUBLIC_URL).hostname
        names = [name for name in (*settings.SERVED_HOSTS, public) if name and not name.startswith((".", "*"))]
        return cls(settings.HOST, port, settings.DATA_DIR, tuple(names)) if port else None

    def open_with(self, server: Any) -> None:
        """Listen from when the server's reactor runs. A port that is taken stops the server, as its own port does."""
        from twisted.internet import reactor  # not before: the reactor belongs to one process

        reactor.callWhenRunning(self._listen, server, reactor)

    def _listen(self, server: Any, reactor: Any) -> None:
        from twisted.internet.endpoints import SSL4ServerEndpoint

        endpoint = SSL4ServerEndpoint(reactor, self.port, self._options(), interface=self.host)
        listener = endpoint.listen(server.http_factory)
        listener.addCallback(server.listen_success)
        listener.addErrback(server.listen_error)
        server.listeners.append(listener)

    def _options(self) -> CertificateOptions:
        certificate, key = server_certificate(self.folder, self.names)
        options = CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(key), certificate=crypto.X509.from_cryptography(certificate)
        )
        options.getContext().set_verify(SSL.VERIFY_PEER, _any_certificate)
        return options


def _any_certificate(*_: Any) -> bool:
    return True


def client_certificate(protocol: Any) -> str:
    """The certificate (PEM) the client of this request has shown; "" when none."""
    transport = getattr(getattr(protocol, "channel", None), "transport", None) or getattr(protocol, "transport", None)
    shown = getattr(transport, "getPeerCertificate", lambda: None)()
    return shown.to_cryptography().public_bytes(Encoding.PEM).decode() if shown else ""
