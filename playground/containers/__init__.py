"""Conversations with containers: exec and attach, as a kubelet holds them. Runs where the clusters are."""
