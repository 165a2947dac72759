"""Examples: find, read, check, digest, compare, and remember what reading them gave.

Nothing here knows manifests, services or output. Example text never enters a message.
"""
