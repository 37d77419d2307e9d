"""Who asks: tokens, certificates, impersonation."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cluster_core.apiserver import authentication
from cluster_core.apiserver.request import ApiRequest, User
from cluster_core.machinery.clock import SECOND
from tests.builders import Engine, pod

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
TOKEN = "/api/v1/namespaces/default/serviceaccounts/{}/token"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def _token(engine: Engine, account: str = "default", **spec: Any) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = engine.call("POST", TOKEN.format(account), body)
    assert answer.status == 201, answer.body
    return str(answer.json()["status"]["token"])


def _who(engine: Engine, **headers: str) -> dict[str, Any]:
    answer = engine.call("POST", REVIEWS, REVIEW, **headers)
    return answer.json() if answer.status >= 300 else answer.json()["status"]["userInfo"]


def test_the_way_in_names_the_user_when_nobody_else_does(engine: Engine) -> None:
    assert _who(engine)["username"] == "kubernetes-admin"


def test_a_bearer_token_wins_over_the_way_in(engine: Engine) -> None:
    who = _who(engine, authorization=f"Bearer {_token(engine)}")
    assert who["username"] == "system:serviceaccount:default:default"
    assert who["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "abcdef.0123456789abcdef", "é", "a" * 10_000])
def test_a_wrong_token_is_unauthorized(engine: Engine, token: str) -> None:
    assert _who(engine, authorization=f"Bearer {token}")["code"] == 401


def test_a_changed_token_is_unauthorized(engine: Engine) -> None:
    token = _token(engine)
    head, body, signature = token.split(".")
    for forged in (f"{head}.{body}x.{signature}", f"{head}.{body}.{signature[:-2]}AA", f"{token}x"):
        assert _who(engine, authorization=f"Bearer {forged}")["code"] == 401


def test_a_token_dies_in_virtual_time(engine: Engine) -> None:
    header = f"Bearer {_token(engine, expirationSeconds=600)}"
    engine.cluster.clock.now += 599 * SECOND
    assert _who(engine, authorization=header)["username"].endswith(":default")
    engine.cluster.clock.now += SECOND
    assert _who(engine, authorization=header)["code"] == 401


def test_a_token_dies_with_its_service_account(engine: Engine) -> None:
    header = f"Bearer {_token(engine)}"
    engine.api.delete("ServiceAccount", "default", "default")
    assert _who(engine, authorization=header)["code"] == 401
    engine.settle()
    assert engine.api.get("ServiceAccount", "default", "default") is not None
    assert _who(engine, authorization=header)["code"] == 401, "the new one is another"


def test_a_token_dies_with_the_pod_it_is_bound_to(engine: Engine) -> None:
    engine.call("POST", "/api/v1/namespaces/default/pods", pod("web"))
    header = f"Bearer {_token(engine, boundObjectRef={'kind': 'Pod', 'apiVersion': 'v1', 'name': 'web'})}"
    assert _who(engine, authorization=header)["extra"]["authentication.kubernetes.io/pod-name"] == ["web"]
    engine.api.delete("Pod", "default", "web", grace=0)
    assert _who(engine, authorization=header)["code"] == 401


def test_a_token_for_somebody_else_is_none_for_the_api(engine: Engine) -> None:
    assert _who(engine, authorization=f"Bearer {_token(engine, audiences=['vault'])}")["code"] == 401


@pytest.mark.parametrize(("seconds", "word"), [(10, "less than 10 minutes"), (1 << 33, "larger than 2^32")])
def test_odd_lifetimes_are_refused(engine: Engine, seconds: int, word: str) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
    answer = engine.call("POST", TOKEN.format("default"), body)
    assert answer.status == 422
    assert word in answer.json()["message"]


def test_everybody_can_verify_tokens(engine: Engine) -> None:
    found = engine.call("GET", "/.well-known/openid-configuration").json()
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    keys = engine.call("GET", "/openid/v1/jwks").json()["keys"]
    assert [key["kty"] for key in keys] == ["RSA"]


def test_token_reviews_tell_whose_token_it_is(engine: Engine) -> None:
    head = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
    review = {**head, "spec": {"token": _token(engine)}}
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    status = engine.call("POST", path, review).json()["status"]
    assert status["authenticated"]
    assert status["user"]["username"] == "system:serviceaccount:default:default"
    assert not engine.call("POST", path, {**head, "spec": {"token": "x"}}).json()["status"].get("authenticated")
    assert engine.call("POST", path, head).status == 400


def _bootstrap_secret(engine: Engine, **more: str) -> None:
    data = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", **more}
    metadata = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    engine.api.create("Secret", {"metadata": metadata, "type": "bootstrap.kubernetes.io/token", "data": encoded})


def test_bootstrap_tokens_let_nodes_join(engine: Engine) -> None:
    _bootstrap_secret(engine, **{"auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"})
    user = engine.cluster.server.tokens.user_of("abcdef.0123456789abcdef")
    assert user is not None
    assert user.name == "system:bootstrap:abcdef"
    assert "system:bootstrappers:kubeadm:default-node-token" in user.groups
    assert engine.cluster.server.tokens.user_of("abcdef.0123456789abcdee") is None


def test_bootstrap_tokens_expire(engine: Engine) -> None:
    _bootstrap_secret(engine, expiration="2026-01-01T00:01:00Z")
    tokens = engine.cluster.server.tokens
    assert tokens.user_of("abcdef.0123456789abcdef") is not None
    engine.cluster.advance(61)
    assert tokens.user_of("abcdef.0123456789abcdef") is None


def _csr(name: str, *groups: str) -> str:
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def _ask(engine: Engine, request: str, signer: str = "kubernetes.io/kube-apiserver-client", **more: Any) -> Any:
    spec = {"request": request, "signerName": signer, "usages": ["client auth"], **more}
    body = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "r"}}
    return engine.call("POST", CSRS, {**body, "spec": spec})


def _approve(engine: Engine, **headers: str) -> Any:
    found = engine.call("GET", f"{CSRS}/r").json()
    found["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "Test"}]}
    return engine.call("PUT", f"{CSRS}/r/approval", found, **headers)


def test_an_approved_request_becomes_a_certificate_that_names_its_user(engine: Engine) -> None:
    created = _ask(engine, _csr("alice", "devs"), expirationSeconds=3600).json()
    assert created["spec"]["username"] == "kubernetes-admin"
    engine.settle(5)
    assert "certificate" not in engine.call("GET", f"{CSRS}/r").json().get("status", {})
    assert _approve(engine).status == 200
    engine.settle(5)
    pem = base64.b64decode(engine.call("GET", f"{CSRS}/r").json()["status"]["certificate"])
    user = authentication.user_of_certificate(engine.cluster.server, pem)
    assert user is not None
    assert (user.name, user.groups) == ("alice", ("devs", "system:authenticated"))
    engine.cluster.advance(3601)
    assert authentication.user_of_certificate(engine.cluster.server, pem) is None, "it has expired"


def test_certificates_of_another_authority_name_nobody(engine: Engine) -> None:
    other = Engine(nodes=0, bare=True, seed=2)
    _ask(other, _csr("eve"))
    _approve(other)
    other.settle(5)
    pem = base64.b64decode(other.call("GET", f"{CSRS}/r").json()["status"]["certificate"])
    assert authentication.user_of_certificate(engine.cluster.server, pem) is None


def test_nobody_becomes_a_master_by_certificate(engine: Engine) -> None:
    answer = _ask(engine, _csr("eve", "system:masters"))
    assert answer.status == 403
    assert "system:masters group is not allowed" in answer.json()["message"]


def test_approving_needs_a_permission_for_the_signer(engine: Engine) -> None:
    rule = {"apiGroups": ["certificates.k8s.io"], "resources": ["*"], "verbs": ["get", "update"]}
    engine.api.create("ClusterRole", {"metadata": {"name": "half"}, "rules": [rule]})
    subject = {"kind": "User", "name": "bob", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "half", "apiGroup": "rbac.authorization.k8s.io"}
    engine.api.create("ClusterRoleBinding", {"metadata": {"name": "half"}, "roleRef": role, "subjects": [subject]})
    _ask(engine, _csr("alice"))
    answer = _approve(engine, impersonate_user="bob")
    assert answer.status == 403
    assert "user not permitted to approve requests with signerName" in answer.json()["message"]


def test_old_requests_go_away(engine: Engine) -> None:
    _ask(engine, _csr("alice"))
    assert engine.settle(60), "waiting for that is no unrest"
    engine.cluster.advance(24 * 3600 + 1)
    assert engine.call("GET", f"{CSRS}/r").status == 404


# ------------------------------------------------------------------------------------------------ impersonation


def test_the_administrator_may_be_anybody(engine: Engine) -> None:
    who = _who(engine, impersonate_user="alice", impersonate_group="devs", impersonate_uid="7")
    assert who == {"username": "alice", "uid": "7", "groups": ["devs", "system:authenticated"]}


def test_extra_values_and_several_groups_come_along(engine: Engine) -> None:
    headers = {"impersonate-user": "alice", "content-type": "application/json"}
    more = {"impersonate-group": ["a", "b"], "impersonate-extra-scopes%2fx": ["one", "two"]}
    body = b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
    admin = User("kubernetes-admin", ("kubeadm:cluster-admins", "system:authenticated"))
    answer = engine.cluster.submit(ApiRequest("POST", REVIEWS, (), headers, body, admin, more))
    info = answer.json()["status"]["userInfo"]
    assert info["groups"] == ["a", "b", "system:authenticated"]
    assert info["extra"] == {"scopes/x": ["one", "two"]}


def test_a_service_account_has_its_groups_when_impersonated(engine: Engine) -> None:
    who = _who(engine, impersonate_user="system:serviceaccount:default:robot")
    assert who["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]


def test_groups_without_a_user_are_a_bad_request(engine: Engine) -> None:
    answer = engine.call("GET", "/api/v1/pods", impersonate_group="devs")
    assert answer.status == 400
    assert answer.json()["message"].startswith("requested &user.DefaultInfo{")


def test_who_may_not_impersonate_hears_of_the_first_mode(engine: Engine) -> None:
    header = f"Bearer {_token(engine)}"
    answer = engine.call("GET", "/api/v1/namespaces/default/pods", authorization=header, impersonate_user="alice")
    assert answer.status == 403
    assert "cannot impersonate-on:user-info:list resource" in answer.json()["message"]


def test_a_token_behind_two_spaces_is_no_token() -> None:
    engine = Engine(nodes=0, bare=True)
    answer = engine.call("GET", "/api/v1/pods", user=None, authorization="Bearer  x")  # type: ignore[arg-type]
    assert (answer.status, "system:anonymous" in answer.json()["message"]) == (403, True)
