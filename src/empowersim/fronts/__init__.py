"""Fronts only format: plots, terminal and command line compute no number of their own."""
