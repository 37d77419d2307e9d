"""etcd's wire protocols on a cluster's store: v3 over gRPC and the older v2 over HTTP, on one port."""
