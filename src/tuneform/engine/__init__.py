"""Pure decisions: the same values in give the same plan out, on any machine, at any time."""
