"""The HTTP edge and composition root of the web process."""
