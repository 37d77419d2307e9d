"""CoreDNS: names of services and pods to addresses, as its Corefile says."""
