"""Backups of an installation: its database, its identity and its certificates, in one file."""
