"""The package: dense proposals, the ZIP and its validator."""
