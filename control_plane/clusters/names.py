"""The rules for names and labels of clusters. Pure."""

NAME_LENGTH_MAX = 63

# Good as a DNS label: lower-case letters, digits and inner hyphens.
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"

LABELS_MAX = 20
LABEL_VALUE_LENGTH_MAX = 128
LABEL_NAME_PATTERN = r"^[a-z][a-z0-9_.-]{0,62}$"
