"""The computers under the nodes: which there are, whether they have power, what runs on them."""
