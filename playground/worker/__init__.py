"""The process that owns clusters: leases, the loop that lets their time pass, group commit, the Engine port."""
