"""Mail: messages to people, kept sealed until the installation's server has taken them."""
