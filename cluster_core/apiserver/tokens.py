"""Bearer tokens: JSON web tokens of service accounts and the bootstrap tokens of joining nodes.

Models pkg/serviceaccount and plugin/pkg/auth/authenticator/token/bootstrap. Tokens are signed with an RSA key from the
cluster's seed and expire in virtual time; what they are bound to must still exist.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cluster_core.apiserver import legacytokens
from cluster_core.apiserver.request import User
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.rsakeys import rsa_key_from
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

ISSUER = "https://kubernetes.default.svc.cluster.local"
_LEGACY_ISSUER = "kubernetes/serviceaccount"
_LEGACY = "kubernetes.io/serviceaccount/"
_EXTRA = "authentication.kubernetes.io/"
_ACCOUNTS = "system:serviceaccounts"
_BOOTSTRAP = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})\Z")
_MOST_REMEMBERED = 1024
_RENEWED_AFTER = 0.8
"""The part of its life after which a kubelet replaces a token (pkg/kubelet/token)."""
_WARN_ONLY, _EXTENDED = 3607, 24 * 365 * 60 * 60
_BOUND = (("pod", "Pod"), ("secret", "Secret"), ("node", "Node"))
Claims = dict[str, Any]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Issues tokens and tells whose they are."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._verified: dict[str, Claims | None] = {}
        self._projected: dict[tuple[Any, ...], str] = {}

    # ------------------------------------------------------------------------------------------------ keys

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa_key_from(self._server.world.seed, "service-account")

    @cached_property
    def _key_id(self) -> str:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return base64url(hashlib.sha256(self._key.public_key().public_bytes(encoding, form)).digest())

    @property
    def issuer(self) -> str:
        return str(self._server.options.get("service-account-issuer") or ISSUER)

    @property
    def audiences(self) -> list[str]:
        given = str(self._server.options.get("api-audiences") or "")
        return given.split(",") if given else [self.issuer]

    def key_set(self) -> Obj:
        """The public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        modulus, exponent = (
            base64url(number.to_bytes(size, "big")) for number, size in ((numbers.n, 256), (numbers.e, 3))
        )
        key = {"use": "sig", "kty": "RSA", "kid": self._key_id, "alg": "RS256", "n": modulus, "e": exponent}
        return {"keys": [key]}

    def configuration(self) -> Obj:
        """The OpenID provider's configuration."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/openid/v1/jwks" if self.issuer != ISSUER else f"{ISSUER}:443/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    # ------------------------------------------------------------------------------------------------ issuing

    def issue(self, account: Obj, bound: dict[str, Obj], seconds: int, audiences: list[str], at: int | None = None) -> str:
        """A token of the service account; `bound` has what it is bound to by "pod", "secret" or "node"; `at` is a time that
        alone tells this token from others (microseconds), else it is another each time."""
        metadata, world = account["metadata"], self._server.world
        now = (world.clock.now if at is None else at) // SECOND
        unlike = (world.clock.since_start, self._server.storage.revision) if at is None else (at - world.clock.start, *sorted(bound))
        namespace, name = metadata["namespace"], metadata["name"]
        private: Claims = {"namespace": namespace, "serviceaccount": {"name": name, "uid": metadata["uid"]}}
        for role, obj in bound.items():
            private[role] = {key: obj["metadata"][key] for key in ("name", "uid") if key in obj["metadata"]}
        return self._signed(
            {
                "aud": audiences,
                "exp": now + seconds,
                "iat": now,
                "iss": self.issuer,
                "jti": world.seed.uid("token", namespace, name, *unlike),
                "kubernetes.io": private,
                "nbf": now,
                "sub": f"system:serviceaccount:{namespace}:{name}",
            }
        )

    def project(self, pod: Obj, audiences: list[str], seconds: int) -> str:
        """The token in a volume of the pod, as its kubelet asks for it and, when most of its time is over, for the next one.
        "" when there is no such service account."""
        metadata, server = pod["metadata"], self._server
        created, fresh = parse_time(metadata["creationTimestamp"]), round(seconds * SECOND * _RENEWED_AFTER)
        at = created + max(0, server.world.clock.now - created) // fresh * fresh
        key = (metadata["uid"], tuple(audiences), seconds, at)
        if key not in self._projected:
            account = server.storage.get(server.kinds.named("ServiceAccount", ""), metadata["namespace"], pod["spec"].get("serviceAccountName", "default"))
            node = server.storage.get(server.kinds.named("Node", ""), "", pod["spec"].get("nodeName", ""))
            if account is None:
                return ""
            if len(self._projected) >= _MOST_REMEMBERED:
                self._projected.clear()
            bound = {"pod": pod, **({"node": node} if node else {})}
            self._projected[key] = self.issue(account, bound, self.lifetime(seconds, audiences), audiences or self.audiences, at)
        return self._projected[key]

    def lifetime(self, seconds: int, audiences: list[str]) -> int:
        """How long a token bound to a pod really lasts: those that everybody gets for a year, so that nobody breaks who reads
        them once."""
        return _EXTENDED if seconds == _WARN_ONLY and set(audiences) <= set(self.audiences) else seconds

    def issue_lasting(self, account: Obj, secret: str) -> str:
        """The token kept in a secret of type kubernetes.io/service-account-token: it does not expire."""
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        return self._signed(
            {
                "iss": _LEGACY_ISSUER,
                f"{_LEGACY}namespace": namespace,
                f"{_LEGACY}secret.name": secret,
                f"{_LEGACY}service-account.name": name,
                f"{_LEGACY}service-account.uid": metadata["uid"],
                "sub": f"system:serviceaccount:{namespace}:{name}",
            }
        )

    def _signed(self, claims: Claims) -> str:
        header = {"alg": "RS256", "kid": self._key_id}
        text = f"{base64url(orjson.dumps(header))}.{base64url(orjson.dumps(claims))}"
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{base64url(signature)}"

    # ------------------------------------------------------------------------------------------------ asking

    def user_of(self, token: str, audiences: list[str] | None = None) -> User | None:
        """Whose token it is, None when it is not valid (any more) for one of the audiences, by default the API's."""
        bootstrap = _BOOTSTRAP.match(token)
        if bootstrap:
            return self._bootstrap_user(bootstrap[1], bootstrap[2])
        claims = self.claims(token)
        if claims is None:
            return None
        if claims.get("iss") == _LEGACY_ISSUER:
            return self._lasting_user(claims, token)
        if claims.get("iss") != self.issuer or not set(claims["aud"]) & set(audiences or self.audiences):
            return None
        return self._account_user(claims)

    def claims(self, token: str) -> Claims | None:
        """What a token of ours says, None when the signature is not ours."""
        if token not in self._verified:
            if len(self._verified) >= _MOST_REMEMBERED:
                self._verified.clear()
            self._verified[token] = self._verify(token)
        return self._verified[token]

    def _verify(self, token: str) -> Claims | None:
        text, _, signature = token.rpartition(".")
        try:
            given = _unbase64url(signature)
            if base64url(given) != signature:
                return None
            self._key.public_key().verify(given, text.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: Claims = orjson.loads(_unbase64url(text.split(".")[1]))
        except (InvalidSignature, ValueError, IndexError):
            return None
        return claims

    def _get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._server.storage.get(self._server.kinds.named(kind, ""), namespace, name)

    def _account_user(self, claims: Claims) -> User | None:
        private, now = claims["kubernetes.io"], self._server.world.clock.now // SECOND
        namespace, account = private["namespace"], private["serviceaccount"]
        if not claims["nbf"] <= now < claims["exp"]:
            return None
        references = [("ServiceAccount", account), *((kind, private[role]) for role, kind in _BOUND if role in private)]
        if not all(self._exists(kind, namespace, reference, private) for kind, reference in references):
            return None
        extra = {f"{_EXTRA}credential-id": [f"JTI={claims['jti']}"]}
        for role in ("node", "pod"):
            for key in ("name", "uid"):
                if key in private.get(role, {}):
                    extra[f"{_EXTRA}{role}-{key}"] = [private[role][key]]
        return _account(namespace, account["name"], account["uid"], extra)

    def _exists(self, kind: str, namespace: str, reference: Claims, private: Claims) -> bool:
        if kind == "Node" and "pod" in private:
            return True
        found = self._get(kind, "" if kind == "Node" else namespace, reference["name"])
        return found is not None and found["metadata"]["uid"] == reference["uid"]

    def _lasting_user(self, claims: Claims, token: str) -> User | None:
        namespace, name = claims[f"{_LEGACY}namespace"], claims[f"{_LEGACY}service-account.name"]
        account = self._get("ServiceAccount", namespace, name)
        secret = self._get("Secret", namespace, claims[f"{_LEGACY}secret.name"])
        uid = claims[f"{_LEGACY}service-account.uid"]
        if account is None or secret is None or account["metadata"]["uid"] != uid:
            return None
        if secret.get("data", {}).get("token") != base64.b64encode(token.encode()).decode():
            return None
        return _account(namespace, name, uid, {}) if legacytokens.admits(self._server, secret) else None

    def _bootstrap_user(self, identity: str, secret: str) -> User | None:
        found = self._get("Secret", "kube-system", f"bootstrap-token-{identity}")
        if found is None or found.get("type") != "bootstrap.kubernetes.io/token":
            return None
        data = {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
        if not hmac.compare_digest(data.get("token-secret", ""), secret) or data.get("token-id") != identity:
            return None
        if data.get("usage-bootstrap-authentication") != "true" or self._expired(data.get("expiration", "")):
            return None
        extra = [group for group in data.get("auth-extra-groups", "").split(",") if group]
        return User(f"system:bootstrap:{identity}", ("system:bootstrappers", *extra, "system:authenticated"))

    def _expired(self, moment: str) -> bool:
        return bool(moment) and parse_time(moment) <= self._server.world.clock.now


def _account(namespace: str, name: str, uid: str, extra: dict[str, list[str]]) -> User:
    groups = (_ACCOUNTS, f"{_ACCOUNTS}:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid, extra)
