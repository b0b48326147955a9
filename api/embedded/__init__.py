"""The embedded service: everything on this machine, by one command."""
