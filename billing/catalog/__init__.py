"""The catalogue: price books, immutable once used."""
