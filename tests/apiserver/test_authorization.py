"""Who may do what, and why."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.escalation import compact_text
from cluster_core.apiserver.request import ANONYMOUS, User
from tests.builders import Engine, pod

RBAC = "rbac.authorization.k8s.io"
ALICE = User("alice", ("system:authenticated",))
POD_LIST = Action("list", "", "pods", namespace="default")


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def _grant(engine: Engine, user: str, *rules: dict[str, Any], namespace: str = "default", name: str = "r") -> None:
    kind, place = ("Role", {"namespace": namespace}) if namespace else ("ClusterRole", {})
    engine.api.create(kind, {"metadata": {"name": name, **place}, "rules": list(rules)})
    subject = {"kind": "User", "name": user, "apiGroup": RBAC}
    reference = {"kind": kind, "name": name, "apiGroup": RBAC}
    engine.api.create(
        f"{kind}Binding", {"metadata": {"name": name, **place}, "subjects": [subject], "roleRef": reference}
    )


def _rule(verbs: str, resources: str, groups: str = "", **more: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": groups.split() or [""], **more}


def test_nothing_is_allowed_that_nobody_granted(engine: Engine) -> None:
    assert not engine.cluster.server.authorizer.decide(ALICE, POD_LIST).allowed


def test_a_grant_counts_at_once_and_so_does_its_end(engine: Engine) -> None:
    decide = engine.cluster.server.authorizer.decide
    _grant(engine, "alice", _rule("list", "pods"))
    answer = decide(ALICE, POD_LIST)
    assert answer.reason == 'RBAC: allowed by RoleBinding "r/default" of Role "r" to User "alice"'
    assert not decide(ALICE, Action("list", "", "pods", namespace="kube-system")).allowed
    engine.api.delete("RoleBinding", "default", "r")
    assert not decide(ALICE, POD_LIST).allowed


@pytest.mark.parametrize(
    ("rule", "action", "allowed"),
    [
        (_rule("*", "*", "*"), Action("bind", RBAC, "roles"), True),
        (_rule("get", "pods/log"), Action("get", "", "pods", "log"), True),
        (_rule("get", "pods"), Action("get", "", "pods", "log"), False),
        (_rule("get", "*/scale", "apps"), Action("get", "apps", "deployments", "scale"), True),
        (_rule("get", "pods", resourceNames=["a"]), Action("get", "", "pods", name="a"), True),
        (_rule("get", "pods", resourceNames=["a"]), Action("get", "", "pods", name="b"), False),
        (_rule("list", "pods", resourceNames=["a"]), Action("list", "", "pods"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}, Action("get", path="/logs/a"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/logs"]}, Action("get", path="/logs/a"), False),
    ],
)
def test_rules_cover_what_they_say(engine: Engine, rule: dict[str, Any], action: Action, allowed: bool) -> None:
    _grant(engine, "alice", rule, namespace="")
    assert engine.cluster.server.authorizer.decide(ALICE, action).allowed is allowed


def test_lists_may_be_granted_by_name(engine: Engine) -> None:
    _grant(engine, "alice", _rule("list watch", "secrets", resourceNames=["mine"]))
    path, query = "/api/v1/namespaces/default/secrets", [("fieldSelector", "metadata.name=mine")]
    assert engine.call("GET", path, query=query, user=ALICE).status == 200
    assert engine.call("GET", path, user=ALICE).status == 403


def test_a_binding_to_nothing_says_so(engine: Engine) -> None:
    reference = {"kind": "Role", "name": "none", "apiGroup": RBAC}
    subject = {"kind": "User", "name": "alice", "apiGroup": RBAC}
    metadata = {"name": "b", "namespace": "default"}
    engine.api.create("RoleBinding", {"metadata": metadata, "subjects": [subject], "roleRef": reference})
    message = engine.call("GET", "/api/v1/namespaces/default/pods", user=ALICE).json()["message"]
    assert message.endswith(': RBAC: role.rbac.authorization.k8s.io "none" not found')


def test_refusals_cannot_carry_markup(engine: Engine) -> None:
    answer = engine.call("GET", "/api/v1/pods", user=User("<script>", ("system:authenticated",)))
    assert "&lt;script&gt;" in answer.json()["message"]


def test_strangers_learn_health_and_version_only(engine: Engine) -> None:
    def ask(path: str) -> int:
        return engine.call("GET", path, user=ANONYMOUS).status

    assert [ask(path) for path in ("/healthz", "/version", "/readyz")] == [200, 200, 200]
    assert [ask(path) for path in ("/apis", "/api/v1/pods", "/metrics")] == [403, 403, 403]


def test_masters_need_no_role(engine: Engine) -> None:
    assert engine.call("GET", "/api/v1/secrets", user=User("root", ("system:masters",))).status == 200


@pytest.mark.parametrize(("mode", "status"), [("AlwaysAllow", 200), ("AlwaysDeny", 403), ("RBAC", 403)])
def test_the_flag_chooses_the_modes(engine: Engine, mode: str, status: int) -> None:
    engine.cluster.server.options = {"authorization-mode": mode}
    assert engine.call("GET", "/api/v1/secrets", user=ALICE).status == status


def test_kubelets_read_the_secrets_of_their_pods_only(engine: Engine) -> None:
    kubelet = User("system:node:n1", ("system:nodes", "system:authenticated"))
    for name in ("mine", "other"):
        engine.api.create("Secret", {"metadata": {"name": name, "namespace": "default"}})
    volume = {"name": "v", "secret": {"secretName": "mine"}}
    engine.api.create("Pod", pod("web", nodeName="n1", volumes=[volume]))
    base = "/api/v1/namespaces/default/secrets"
    assert engine.call("GET", f"{base}/mine", user=kubelet).status == 200
    refused = engine.call("GET", f"{base}/other", user=kubelet)
    assert refused.json()["message"].endswith("no relationship found between node 'n1' and this object")


# ------------------------------------------------------------------------------------------------ granting


def _role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name}, "rules": list(rules)}


ROLES = f"/apis/{RBAC}/v1/namespaces/default/roles"


def test_nobody_grants_what_he_does_not_hold(engine: Engine) -> None:
    _grant(engine, "alice", _rule("*", "roles rolebindings", RBAC), _rule("get list", "pods"))
    _grant(engine, "alice", _rule("create update", "roles", RBAC), name="only-roles", namespace="kube-system")
    bob = User("bob", ("devs",))
    _grant(engine, "bob", _rule("create", "roles", RBAC), _rule("get", "pods"), name="bob")
    assert engine.call("POST", ROLES, _role("same", _rule("get", "pods")), user=bob).status == 201
    more = engine.call("POST", ROLES, _role("more", _rule("get delete", "pods secrets")), user=bob)
    assert more.json()["message"] == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["devs"]) is attempting to grant RBAC '
        "permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )


def test_escalate_and_bind_are_permissions_of_their_own(engine: Engine) -> None:
    _grant(engine, "alice", _rule("create escalate", "roles", RBAC), _rule("create", "rolebindings", RBAC))
    assert engine.call("POST", ROLES, _role("any", _rule("*", "*", "*")), user=ALICE).status == 201
    subject = {"kind": "User", "name": "eve", "apiGroup": RBAC}
    reference = {"kind": "Role", "name": "any", "apiGroup": RBAC}
    body = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": "b"}}
    binding = {**body, "subjects": [subject], "roleRef": reference}
    path = f"/apis/{RBAC}/v1/namespaces/default/rolebindings"
    assert engine.call("POST", path, binding, user=ALICE).status == 403
    _grant(engine, "alice", _rule("bind", "roles", RBAC, resourceNames=["any"]), name="binder")
    assert engine.call("POST", path, binding, user=ALICE).status == 201


def test_aggregated_roles_follow_their_parts(engine: Engine) -> None:
    engine.settle()
    part = {"metadata": {"name": "x", "labels": {f"{RBAC}/aggregate-to-view": "true"}}}
    engine.api.create("ClusterRole", {**part, "rules": [_rule("get", "widgets", "example.com")]})
    engine.settle()
    view = engine.api.get("ClusterRole", "", "view")
    assert view is not None
    assert _rule("get", "widgets", "example.com") in view["rules"]
    assert any("pods" in rule["resources"] for rule in view["rules"])
    engine.api.delete("ClusterRole", "", "x")
    engine.settle()
    view = engine.api.get("ClusterRole", "", "view")
    assert view is not None
    assert _rule("get", "widgets", "example.com") not in view["rules"]


def test_rules_read_as_upstream_writes_them() -> None:
    rule = {"verbs": ["get", "*"], "nonResourceURLs": ["/x"]}
    assert compact_text(rule) == '{NonResourceURLs:["/x"], Verbs:["get" "*"]}'


# ------------------------------------------------------------------------------------------------ reviews


def test_access_reviews_answer_with_the_reason(engine: Engine) -> None:
    _grant(engine, "alice", _rule("list", "pods"))
    attributes = {"verb": "list", "resource": "pods", "namespace": "default"}
    spec = {"user": "alice", "resourceAttributes": attributes}
    head = {"apiVersion": "authorization.k8s.io/v1"}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    status = engine.call("POST", path, {**head, "kind": "SubjectAccessReview", "spec": spec}).json()["status"]
    assert status["allowed"]
    assert 'RoleBinding "r/default"' in status["reason"]
    own = {**head, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {**attributes, "verb": "create"}}}
    answer = engine.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", own, user=ALICE)
    assert answer.json()["status"] == {"allowed": False}


def test_rules_reviews_list_what_one_may(engine: Engine) -> None:
    _grant(engine, "alice", _rule("list", "pods"))
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}}
    answer = engine.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, user=ALICE)
    status = answer.json()["status"]
    assert {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]} in status["resourceRules"]
    assert any("/healthz" in rule["nonResourceURLs"] for rule in status["nonResourceRules"])
    assert status["incomplete"] is False
