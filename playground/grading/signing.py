"""Verdicts as signed tokens: JWT with ES256, the key kept in DATA, its public half as JWKS."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from .models import Delivery, Submission

ISSUER = "cluster-playground"
FILE = "grading-key.pem"


@lru_cache(4)
def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """This installation's key, made when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP256R1())
        text = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _key(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    found = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found


def _ours() -> ec.EllipticCurvePrivateKey:
    return _key(settings.DATA_DIR / FILE)


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()


def public_key() -> dict[str, str]:
    """As a JSON Web Key; `kid` is its thumbprint (RFC 7638)."""
    numbers = _ours().public_key().public_numbers()
    key = {"crv": "P-256", "kty": "EC", "x": _number(numbers.x), "y": _number(numbers.y)}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**key, "kid": kid, "use": "sig", "alg": "ES256"}


def sign(submission: Submission) -> str:
    """The token of a graded submission."""
    verdict = submission.verdict
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": submission.student,
        "jti": str(submission.pk),
        "iat": int(submission.finished.timestamp()),
        **{
            key: verdict[key]
            for key in ("exercise", "submission", "seed", "passed", "points", "maxPoints", "stateHash")
        },
    }
    return _token(claims)


def sign_delivery(delivery: Delivery, body: bytes) -> str:
    """A token that says: this body, for this address, now."""
    digest = hashlib.sha256(body).hexdigest()
    return _token(
        {"iss": ISSUER, "aud": delivery.url, "jti": str(delivery.pk), "iat": int(time.time()), "sha256": digest}
    )


def _token(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, _ours(), algorithm="ES256", headers={"kid": public_key()["kid"]})
