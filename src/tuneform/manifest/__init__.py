"""Text to desired models: YAML with positions, schema, variables and environments."""
