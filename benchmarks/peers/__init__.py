"""Other ways to compute the same household month, each checked against the kernel before it is timed.

The rules are not written again: `translate` turns the package's own scalar rules into rules over numpy arrays or
over plain Python numbers. What differs between peers is who walks over the households.
"""
