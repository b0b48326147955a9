"""Processes killed at every step of every change of a cluster, in both ways to run jobs."""
