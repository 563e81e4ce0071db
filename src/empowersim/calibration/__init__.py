"""Calibration: one parameter set for all studies, what the evidence says about it, and what it does not say."""
