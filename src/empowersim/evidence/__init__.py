"""The evidence base: published results, what the model says of each, and whether the two agree."""
