"""Our own record: intents, outcomes, and the lock that lets one run of an owner write at a time."""
