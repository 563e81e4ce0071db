"""The engine: populations, rationing, loops, sums; arrays in, arrays out."""
