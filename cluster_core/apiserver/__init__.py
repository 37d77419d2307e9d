"""The API server: the one request path every object takes, and the only part that talks to etcd."""
