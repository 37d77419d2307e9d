"""Verdicts sent to the address a sender names: signed, tried again, and never into the network this stands in."""

from __future__ import annotations

import hashlib
import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from playground.grading import catalogue, destinations, services, signing, webhooks
from playground.grading.destinations import WebhookRefused
from playground.grading.models import Delivery, Submission

from .receiver import receiving

pytestmark = pytest.mark.django_db
REFERENCE = catalogue.find("first-pod").reference.files["manifests.yaml"]
URL = "/api/v1/exercises/first-pod/submissions/"


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, settings: Any) -> None:
    cache.clear()
    settings.DATA_DIR = tmp_path


@pytest.fixture
def web() -> Client:
    return Client(HTTP_HOST="localhost")


def handed_in(web: Client, url: str, text: str = REFERENCE) -> Any:
    body = json.dumps({"student": "ada", "manifests": text, "webhook": url})
    return web.post(f"{URL}?wait=30", body, content_type="application/json")


def later() -> None:
    """All pauses are over."""
    Delivery.objects.update(due=timezone.now())


def test_a_graded_submission_is_sent_to_its_webhook_signed(web: Client) -> None:
    with receiving(204) as receiver:
        made = handed_in(web, receiver.url).json()
        webhooks.deliver_due()
    headers, body = receiver.taken[0]
    told = json.loads(body)
    assert headers["path"] == "/hook?course=k8s"
    assert (told["event"], told["submission"]["verdict"]["passed"]) == ("submission.graded", True)
    key = jwt.PyJWK(signing.public_key())
    claims = jwt.decode(headers["Webhook-Signature"], key, algorithms=["ES256"], audience=receiver.url)
    assert claims["sha256"] == hashlib.sha256(body).hexdigest()
    assert claims["jti"] == headers["Webhook-Id"]
    assert jwt.decode(told["token"], key, algorithms=["ES256"])["points"] == 2
    assert web.get(made["status"]).json()["webhook"]["state"] == "delivered"


def test_a_submission_that_waits_is_graded_and_sent_though_nobody_asks_for_it(web: Client) -> None:
    with receiving() as receiver:
        body = json.dumps({"manifests": REFERENCE, "webhook": receiver.url})
        late = web.post(f"{URL}?wait=0", body, content_type="application/json")
        assert late.status_code == 202
        webhooks.deliver_due()
        assert receiver.taken == []
        services._running[late.json()["id"]].result()
        services.tend()
        webhooks.deliver_due()
    assert json.loads(receiver.taken[0][1])["submission"]["state"] == "done"


def test_what_another_process_left_behind_is_graded_once_its_claim_has_run_out() -> None:
    made = services.hand_in(exercise=catalogue.find("first-pod"), answer={"files": {"a.yaml": REFERENCE}})
    services.tend()
    assert str(made.pk) not in services._running
    Submission.objects.update(taken=timezone.now() - timedelta(seconds=1))
    services.tend()
    services._running[str(made.pk)].result()
    services.tend()
    assert Submission.objects.get().state == Submission.DONE


def test_a_receiver_in_trouble_is_asked_again_with_growing_pauses_and_then_given_up(web: Client) -> None:
    pauses = []
    with receiving(500) as receiver:
        handed_in(web, receiver.url)
        for _ in range(len(webhooks.PAUSES)):
            webhooks.deliver_due()
            found = Delivery.objects.get()
            pauses.append((found.due - timezone.now()).total_seconds())
            assert (found.state, found.problem) == (Delivery.WAITING, "answered 500")
            later()
        webhooks.deliver_due()
    assert pauses == sorted(pauses)
    assert Delivery.objects.get().state == Delivery.GIVEN_UP
    assert len(receiver.taken) == len(webhooks.PAUSES) + 1
    assert len({headers["Webhook-Id"] for headers, _ in receiver.taken}) == 1


def test_a_receiver_may_ask_for_a_longer_pause_or_for_no_more(web: Client) -> None:
    with receiving(429, 410, Retry_After="500") as receiver:
        handed_in(web, receiver.url)
        webhooks.deliver_due()
        assert (Delivery.objects.get().due - timezone.now()).total_seconds() > 400
        later()
        webhooks.deliver_due()
    assert Delivery.objects.get().state == Delivery.GIVEN_UP


def test_redirections_are_not_followed(web: Client) -> None:
    with receiving() as inner, receiving(307, Location=inner.url) as receiver:
        handed_in(web, receiver.url)
        webhooks.deliver_due()
    assert inner.taken == []
    assert Delivery.objects.get().problem == "answered 307"


def test_a_receiver_that_does_not_listen_is_told(web: Client) -> None:
    with receiving() as gone:
        url = gone.url
    handed_in(web, url)
    webhooks.deliver_due()
    assert Delivery.objects.get().state == Delivery.WAITING
    assert "refused" in Delivery.objects.get().problem


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http://me:secret@example.org/",
        "http://a b/",
        "http://example.org:99999/",
        "gopher:x",
    ],
)
def test_what_is_no_address_for_a_webhook_is_refused_when_it_is_handed_in(web: Client, url: str) -> None:
    answer = handed_in(web, url)
    assert answer.status_code == 400
    assert "webhook" in answer.json()["errors"]
    assert not Submission.objects.exists()


INSIDE = [
    "10.0.0.1", "192.168.1.1", "172.16.9.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::ffff:10.0.0.1]",
    "[64:ff9b::a00:1]", "[2002:a00:1::]", "[fd00::1]", "[fe80::1]", "[::]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_addresses_of_the_inner_network_are_refused(web: Client, host: str) -> None:
    answer = handed_in(web, f"http://{host}/")
    assert answer.status_code == 400
    assert "not a public address" in answer.json()["errors"]["webhook"][0]


def test_loopback_is_for_local_mode_only(settings: Any) -> None:
    destinations.check("http://127.0.0.1:9/")
    settings.LOCAL_MODE = False
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(WebhookRefused):
            destinations.check(f"http://{host}:9/")


def test_a_name_that_means_an_inner_address_is_refused_when_it_is_delivered(monkeypatch: Any, web: Client) -> None:
    inner = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: [inner])
    assert handed_in(web, "http://innocent.example/").status_code == 200
    webhooks.deliver_due()
    assert Delivery.objects.get().state == Delivery.GIVEN_UP
    assert "not a public address" in Delivery.objects.get().problem


def test_an_allowed_host_or_network_may_be_reached(settings: Any) -> None:
    settings.WEBHOOK_ALLOW = ["10.1.0.0/16"]
    assert destinations.resolve("https://10.1.2.3/x?y=1") == ("10.1.2.3", 443, "/x?y=1", True, "10.1.2.3")
    with pytest.raises(WebhookRefused):
        destinations.check("http://10.2.0.1/")


def test_a_whole_class_may_have_a_webhook(web: Client) -> None:
    from .test_rest import archive

    with receiving() as receiver:
        data = archive(ada__pod=REFERENCE, bob=REFERENCE)
        made = web.post(f"{URL}bulk/?webhook={receiver.url}", data, content_type="application/zip").json()
        for each in made["submissions"]:
            web.get(each["status"], {"wait": 30})
        assert {each.url for each in Delivery.objects.all()} == {receiver.url}


def test_the_same_key_does_not_send_twice(web: Client) -> None:
    with receiving() as receiver:
        body = json.dumps({"manifests": REFERENCE, "webhook": receiver.url})
        for _ in range(2):
            web.post(f"{URL}?wait=30", body, content_type="application/json", headers={"idempotency-key": "k"})
            webhooks.deliver_due()
    assert len(receiver.taken) == 1
