"""One request through the cluster's network, hop by hop: names, rules, policies, and what answers in the end."""
