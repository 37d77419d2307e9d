"""kube-proxy: each node's rules for services, as data."""
