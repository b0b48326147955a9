"""Management resources, one file each, their schemas beside the routes."""
