"""Services that tune: the protocol, and one folder for each."""
