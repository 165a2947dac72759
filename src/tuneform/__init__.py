"""tuneform keeps tuned language models in agreement with YAML manifests in git."""

__version__ = "0.1.0"
