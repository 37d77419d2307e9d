"""Admission: what may still change or refuse a write after it is authorized.

One module per plugin, each ending in `PLUGIN`. Models the order of pkg/kubeapiserver/options/plugins.go.
"""
