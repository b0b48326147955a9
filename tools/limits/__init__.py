"""Which limits there are: read from the code, held against one table, written as a page."""
