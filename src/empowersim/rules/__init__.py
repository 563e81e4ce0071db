"""The science: one small scalar function for every behaviour, composed into the month in `month`.

All numbers are float32. A rule is named by what it returns; ``p`` holds the parameters
(`empowersim.parameters`), whose passports give the source of every coefficient.
"""
