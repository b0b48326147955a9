"""The pictures of the readme, taken of a service that really runs."""
