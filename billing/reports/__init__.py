"""Daily cost reports: what a UTC day cost, as a page, a document or rows."""
