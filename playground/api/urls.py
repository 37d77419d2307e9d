"""Addresses under /api/v1/."""

from django.urls import path

from . import etcd, following, network, views

_CLUSTER = "clusters/<slug:cluster>/"
_NODE = f"{_CLUSTER}nodes/<str:node>/"
_PART = f"{_CLUSTER}components/<str:part>/"
_NODE_COMMANDS = {
    "kill": ("kill-node", "Cut the machine's power. Nothing more is heard of it; after 40 s its node is NotReady."),
    "poweroff": ("poweroff", "Switch the machine off."),
    "revive": ("revive-node", "Switch the machine on. It boots, and its kubelet registers."),
    "cordon": ("cordon", "Let no new pods onto the node, as kubectl cordon does."),
    "uncordon": ("uncordon", "Let pods onto the node again, as kubectl uncordon does."),
    "drain": ("drain-node", "Cordon the node and evict its pods, as kubectl drain does. Answers what was evicted and what was not."),
}
"""Last part of the address -> the simulation's command, and what it does."""
_PART_ACTIONS = {
    "stop": "Stop a part of the control plane, or a node's kubelet. The kubelet of a node: {part} is kubelet, and node names it.",
    "start": "Start a part that was stopped. It looks at everything that has happened meanwhile.",
}

urlpatterns = [
    path("clusters/", views.ClustersView.as_view(), name="clusters"),
    path(_CLUSTER, views.ClusterView.as_view(), name="cluster"),
    path(f"{_CLUSTER}nodes/", views.NodesView.as_view(), name="nodes"),
    path(_NODE, views.NodeView.as_view(), name="node"),
    *(
        path(f"{_NODE}{action}/", views.NodeActionView.as_view(command=command, about=about), name=f"node-{action}")
        for action, (command, about) in _NODE_COMMANDS.items()
    ),
    *(
        path(f"{_PART}{action}/", views.ComponentActionView.as_view(action=action, about=about), name=f"component-{action}")
        for action, about in _PART_ACTIONS.items()
    ),
    path(f"{_CLUSTER}apply/", views.ApplyView.as_view(), name="apply"),
    path(f"{_CLUSTER}clock/", views.ClockView.as_view(), name="clock"),
    path(f"{_CLUSTER}images/", views.ImagesView.as_view(), name="images"),
    path(f"{_CLUSTER}timings/", views.TimingsView.as_view(), name="timings"),
    path(f"{_NODE}load/", views.NodeLoadView.as_view(), name="node-load"),
    path(f"{_CLUSTER}state-hash/", views.StateHashView.as_view(), name="state-hash"),
    path(f"{_CLUSTER}scheduling/<str:uid>/", views.SchedulingView.as_view(), name="scheduling"),
    path(f"{_CLUSTER}history/", views.HistoryView.as_view(), name="history"),
    path(f"{_CLUSTER}fork/", views.ForkView.as_view(), name="fork"),
    path(f"{_CLUSTER}etcd/", etcd.EtcdView.as_view(), name="etcd"),
    path(f"{_CLUSTER}trace/", network.TraceView.as_view(), name="trace"),
    path(f"{_CLUSTER}follow/", following.FollowLinksView.as_view(), name="follow-links"),
    path(f"{_CLUSTER}follow/<str:token>/", following.FollowLinkView.as_view(), name="follow-link"),
    path(f"{_CLUSTER}kubeconfig/", views.KubeconfigView.as_view(), name="kubeconfig"),
]
