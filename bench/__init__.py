"""Measurements and proofs. Results are printed and kept by the programs here, never by hand."""
