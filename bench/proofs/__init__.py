"""Proofs: one promise each, one JSON line each, red when a bar is missed or nothing ran."""
