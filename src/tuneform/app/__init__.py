"""Use cases: gather, decide, act. The only place that chooses implementations."""
