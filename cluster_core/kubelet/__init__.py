"""What runs pods on nodes: registration, the pod lifecycle, probes, images."""
