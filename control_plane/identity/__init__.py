"""Who acts: members, API keys, sessions, short-lived tokens, and what each may do."""
