"""The scheduler: assigns pods to nodes, and remembers why. Models pkg/scheduler of Kubernetes v1.36."""
