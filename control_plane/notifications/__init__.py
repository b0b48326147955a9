"""Notifications: what organizations are told of, by signed webhooks."""
