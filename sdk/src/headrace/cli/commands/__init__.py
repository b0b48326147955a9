"""The commands, one file each resource."""
