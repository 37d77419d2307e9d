"""The key-value store under the API server, with etcd's semantics."""
