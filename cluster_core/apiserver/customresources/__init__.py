"""CustomResourceDefinitions: kinds made while the cluster runs. Models staging/src/k8s.io/apiextensions-apiserver."""
