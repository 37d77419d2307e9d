"""Addresses under /api/v1/."""

from django.urls import path

from . import etcd, following, network, views

_CLUSTER = "clusters/<slug:cluster>/"
_NODE = f"{_CLUSTER}nodes/<str:node>/"
_PART = f"{_CLUSTER}components/<str:part>/"
_NODE_COMMANDS = {
    "kill": "kill-node",
    "revive": "revive-node",
    "drain": "drain-node",
    "cordon": "cordon",
    "uncordon": "uncordon",
    "poweroff": "poweroff",
}
"""Last part of the address -> the simulation's command."""

urlpatterns = [
    path("clusters/", views.ClustersView.as_view(), name="clusters"),
    path(_CLUSTER, views.ClusterView.as_view(), name="cluster"),
    path(f"{_CLUSTER}nodes/", views.NodesView.as_view(), name="nodes"),
    path(_NODE, views.NodeView.as_view(), name="node"),
    *(
        path(f"{_NODE}{action}/", views.NodeActionView.as_view(command=command), name=f"node-{action}")
        for action, command in _NODE_COMMANDS.items()
    ),
    *(
        path(f"{_PART}{action}/", views.ComponentActionView.as_view(action=action), name=f"component-{action}")
        for action in ("stop", "start")
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
