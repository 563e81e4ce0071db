"""Scenario files: read, check, explain, compare, and turn into what the engine takes in."""
