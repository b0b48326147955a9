"""Billing: usage into rated lines, costs and reports; of a cluster it knows the id alone."""
