"""Comparisons of policies: which runs to make, and what they say together."""
