# The secret of a key that was imported is not known: it was shown once, when the key was made.
terraform import headrace_api_key.shop hk_9v2mh8k3c5d7f1g0
