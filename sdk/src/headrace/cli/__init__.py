"""The `headrace` command line, built on the SDK alone."""
