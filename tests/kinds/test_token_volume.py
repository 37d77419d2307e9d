"""The volume with the service account's token is not validated each time: so it must be valid."""

import copy

from cluster_core.apiserver.admission.serviceaccount import TOKEN_SOURCE
from tests.builders import Engine, pod


def test_a_copy_of_it_passes_every_check_without_a_warning():
    volume = {"name": "kube-api-access-own", "projected": copy.deepcopy(TOKEN_SOURCE)}
    engine = Engine(bare=True)
    answer = engine.call("POST", "/api/v1/namespaces/default/pods", {"apiVersion": "v1", "kind": "Pod", **pod(volumes=[volume])})
    assert answer.status == 201, answer.json()
    assert not answer.warnings
