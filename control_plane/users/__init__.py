"""Users: people who prove an e-mail address and sign in with a password."""
