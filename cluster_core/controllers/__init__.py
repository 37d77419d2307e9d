"""The controllers of kube-controller-manager: one module each, one shape, ending in `CONTROLLER`."""
