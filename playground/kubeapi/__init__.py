"""The Kubernetes wire protocol: raw ASGI in front of Django."""
