"""What clusters an organization wants, what is seen of them, and what closes the gap."""
