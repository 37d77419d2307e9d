"""What kubeadm init leaves behind: static pods, add-ons, configuration, default roles."""
