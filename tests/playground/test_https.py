"""Clusters as one reaches them on a network: bearer tokens, client certificates, nobody; by HTTPS and without."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from playground.certificates import authority, authority_pem, server_certificate

from .processes import Playground

pytestmark = pytest.mark.slow

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.fixture(scope="module")
def config(product: Playground) -> dict[str, str]:
    """server, certificate authority (PEM) and token."""
    printed = product.manage("kubeconfig", "demo", "--https")
    assert printed.returncode == 0, printed.stderr
    read = yaml.safe_load(printed.stdout)
    cluster = read["clusters"][0]["cluster"]
    trusted = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return {"server": cluster["server"], "authority": trusted, "token": read["users"][0]["user"]["token"]}


def client_of(config: dict[str, str], token: str = "", shown: tuple[Path, Path] | None = None) -> httpx.Client:
    context = ssl.create_default_context(cadata=config["authority"])
    if shown:
        context.load_cert_chain(*shown)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=config["server"], verify=context, headers=headers, timeout=20)


@pytest.fixture
def admin(config: dict[str, str]) -> Iterator[httpx.Client]:
    with client_of(config, config["token"]) as client:
        yield client


def who(client: httpx.Client) -> str:
    answer = client.post(REVIEWS, json=REVIEW)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["status"]["userInfo"]["username"])


def test_the_token_of_the_kubeconfig_is_the_administrators(admin: httpx.Client) -> None:
    assert who(admin) == "kubernetes-admin"


def test_a_service_account_is_who_its_token_says(admin: httpx.Client, config: dict[str, str]) -> None:
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = admin.post("/api/v1/namespaces/default/serviceaccounts/default/token", json=asked)
    with client_of(config, made.json()["status"]["token"]) as client:
        assert who(client) == "system:serviceaccount:default:default"


def test_nobody_is_anonymous_and_a_wrong_token_is_refused(product: Playground, config: dict[str, str]) -> None:
    with client_of(config) as nobody, client_of(config, "wrong") as wrong:
        assert "system:anonymous" in nobody.get("/api/v1/pods").json()["message"]
        assert nobody.get("/version").status_code == 200
        assert wrong.get("/version").status_code == 401
    other = product.manage("createcluster", "other", "--bare")
    assert other.returncode == 0, other.stderr
    own = {"Authorization": f"Bearer {config['token']}"}
    assert httpx.get(f"{product.url}/k8s/other/api/v1/pods", headers=own).status_code == 401
    assert httpx.get(f"{product.url}/k8s/demo/api/v1/pods", headers=own).status_code == 200
    assert httpx.get(f"{product.url}/k8s/missing/api/v1/pods").status_code == 404


def signed(folder: Path, name: str, group: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(key, hashes.SHA256())
    return key, base64.b64encode(request.public_bytes(encoding)).decode()


def approved(admin: httpx.Client, name: str, request: str) -> str:
    """The certificate (PEM) a cluster issues."""
    spec = {"signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"], "request": request}
    wanted = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "spec": spec}
    made = admin.post(REQUESTS, json={**wanted, "metadata": {"name": name}}).json()
    condition = {"type": "Approved", "status": "True", "reason": "Test"}
    answer = admin.put(f"{REQUESTS}/{name}/approval", json={**made, "status": {"conditions": [condition]}})
    assert answer.status_code == 200, answer.text
    watched = {"watch": "1", "fieldSelector": f"metadata.name={name}", "timeoutSeconds": "10"}
    with admin.stream("GET", REQUESTS, params=watched) as events:
        line = next(line for line in events.iter_lines() if '"certificate":' in line)
    return base64.b64decode(httpx.Response(200, text=line).json()["object"]["status"]["certificate"]).decode()


def test_a_certificate_the_cluster_signed_tells_who_one_is(
    admin: httpx.Client, config: dict[str, str], tmp_path: Path
) -> None:
    _, request = signed(tmp_path, "joan", "developers")
    (tmp_path / "certificate.pem").write_text(approved(admin, "joan", request))
    with client_of(config, shown=(tmp_path / "certificate.pem", tmp_path / "key.pem")) as joan:
        assert who(joan) == "joan"
        assert 'User "joan" cannot list resource "pods"' in joan.get("/api/v1/pods").json()["message"]


def test_a_certificate_of_somebody_else_is_refused(config: dict[str, str], tmp_path: Path) -> None:
    key, _ = signed(tmp_path, "kubernetes-admin", "system:masters")
    stranger, signer = authority(tmp_path / "elsewhere")
    builder = x509.CertificateBuilder().issuer_name(stranger.subject).public_key(key.public_key())
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes-admin")]))
    builder = builder.serial_number(1).not_valid_before(stranger.not_valid_before_utc)
    forged = builder.not_valid_after(stranger.not_valid_after_utc).sign(signer, hashes.SHA256())
    (tmp_path / "certificate.pem").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    with client_of(config, shown=(tmp_path / "certificate.pem", tmp_path / "key.pem")) as eve:
        assert eve.get("/api/v1/pods").status_code == 401


def test_no_header_can_pass_for_a_certificate(product: Playground) -> None:
    answer = httpx.get(f"{product.url}/k8s/demo/api/v1/pods", headers={"client-certificate": "x", "x509": "x"})
    assert "system:anonymous" in answer.json()["message"]


def test_the_authority_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = authority_pem(tmp_path)
    assert authority_pem(tmp_path) == first
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("https-authority.pem", 0o600)]


def test_a_server_certificate_names_hosts_and_addresses(tmp_path: Path) -> None:
    certificate, _ = server_certificate(tmp_path, ["localhost", "127.0.0.1", "[::1]", "localhost"])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    certificate.verify_directly_issued_by(authority(tmp_path)[0])
