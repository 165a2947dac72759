"""The command line: options in, a use case called, its value rendered, an exit code out."""
