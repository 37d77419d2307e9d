"""What the programs of Kubernetes itself write to their logs: made from what has really happened, when somebody looks."""
