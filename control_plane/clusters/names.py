"""The rule for names of clusters. Pure."""

NAME_LENGTH_MAX = 63

# Good as a DNS label: lower-case letters, digits and inner hyphens.
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
