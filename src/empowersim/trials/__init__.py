"""Virtual trials: a study described in a file, drawn, followed, surveyed and estimated as its authors did."""
