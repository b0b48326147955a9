"""The history of the database schema, and the way to its head."""
