"""The admission plugins in the order in which the real server runs them: order is behaviour.

Models pkg/kubeapiserver/options/plugins.go.
"""

from __future__ import annotations

from cluster_core.apiserver.admission import (
    certificates,
    defaultclasses,
    defaulttolerationseconds,
    escalation,
    limitranger,
    mutatingpolicy,
    namespacelifecycle,
    noderestriction,
    optional,
    ownerreferences,
    podresize,
    podsecurity,
    podtopologylabels,
    priority,
    resourcequota,
    runtimeclass,
    serviceaccount,
    storageprotection,
    taintnodesbycondition,
    validatingpolicy,
    volumeresize,
    webhooks,
)
from cluster_core.apiserver.admission.chain import Plugin

PLUGINS: tuple[Plugin, ...] = (
    optional.NAMESPACE_AUTO_PROVISION,
    namespacelifecycle.PLUGIN,
    limitranger.PLUGIN,
    serviceaccount.PLUGIN,
    noderestriction.PLUGIN,
    taintnodesbycondition.PLUGIN,
    optional.ALWAYS_PULL_IMAGES,
    podsecurity.PLUGIN,
    optional.POD_NODE_SELECTOR,
    priority.PLUGIN,
    defaulttolerationseconds.PLUGIN,
    storageprotection.PLUGIN,
    defaultclasses.STORAGE_CLASS,
    ownerreferences.PLUGIN,
    volumeresize.PLUGIN,
    runtimeclass.PLUGIN,
    certificates.APPROVAL,
    certificates.SIGNING,
    certificates.SUBJECT,
    defaultclasses.INGRESS_CLASS,
    podtopologylabels.PLUGIN,
    podresize.PLUGIN,
    mutatingpolicy.PLUGIN,
    webhooks.MUTATING,
    certificates.STRATEGY,
    escalation.PLUGIN,
    validatingpolicy.PLUGIN,
    webhooks.VALIDATING,
    optional.DENY_EXTERNAL_IPS,
    resourcequota.PLUGIN,
)
