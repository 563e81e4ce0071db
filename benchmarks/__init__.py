"""How fast the package is, and against what: ``python -m benchmarks``. Method and targets are in README.md."""
