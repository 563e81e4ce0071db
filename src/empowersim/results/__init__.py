"""Results as typed tables with units, and their home on disk."""
