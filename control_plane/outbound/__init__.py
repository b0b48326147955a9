"""Connections to addresses that customers name: which are allowed, and how they are made."""
