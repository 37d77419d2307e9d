"""One small class per upstream plugin, found by name."""
