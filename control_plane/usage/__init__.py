"""What clusters used: the brokers' closed usage windows, collected once each, and their sums."""
