"""Rules of the Kubernetes API machinery that know no cluster: quantities, selectors, patches, typed fields, errors."""
