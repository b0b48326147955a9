"""What both brokers are asked, by subject; each script is run on one side after the other."""
