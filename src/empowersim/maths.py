"""Elementary functions of one float32 in plain arithmetic, the same bits in vector and scalar code.

``numpy.exp`` and its like are library calls that stop a loop from being vectorised and that differ
between machines. These are polynomials. Errors against float64, measured in ``tests``:
`exp` and `log` within 2.5e-7 relative (log: or 1e-7 absolute near 1), `normal_quantile` within 3e-6 absolute
for probabilities between 1e-7 and 1 - 1e-7.

Sources: the range reductions and coefficients of the Cephes single-precision library (S. L. Moshier)
for `exp` and `log`; M. Giles (2010), "Approximating the erfinv function", for `normal_quantile`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import (
    add_signed32,
    and_signed32,
    bits_float,
    float_bits,
    rule,
    select,
    shift_left32,
    shift_right32,
    to_float32,
    to_int32,
)

F = np.float32
ZERO: Final = F(0.0)
HALF: Final = F(0.5)
ONE: Final = F(1.0)
TWO: Final = F(2.0)

_LOG2E: Final = F(1.44269504088896341)
_LN2_HIGH: Final = F(0.693359375)
_LN2_LOW: Final = F(-2.12194440e-4)
_EXP_LOW: Final = F(-87.0)
_EXP_HIGH: Final = F(88.0)
_E0, _E1, _E2 = F(1.9875691500e-4), F(1.3981999507e-3), F(8.3334519073e-3)
_E3, _E4, _E5 = F(4.1665795894e-2), F(1.6666665459e-1), F(5.0000001201e-1)
_BIAS: Final = np.int32(127)
_MANTISSA_BITS: Final = np.int32(23)
_MANTISSA_MASK: Final = np.int32(0x007FFFFF)
_HALF_BITS: Final = np.int32(0x3F000000)
_LOG_BIAS: Final = np.int32(-126)
_SQRT_HALF: Final = F(0.707106781186547524)
_SMALLEST: Final = F(1.17549435e-38)
_L0, _L1, _L2 = F(7.0376836292e-2), F(-1.1514610310e-1), F(1.1676998740e-1)
_L3, _L4, _L5 = F(-1.2420140846e-1), F(1.4249322787e-1), F(-1.6668057665e-1)
_L6, _L7, _L8 = F(2.0000714765e-1), F(-2.4999993993e-1), F(3.3333331174e-1)

_Q_SPLIT: Final = F(5.0)
_C0, _C1, _C2 = F(2.81022636e-08), F(3.43273939e-07), F(-3.5233877e-06)
_C3, _C4, _C5 = F(-4.39150654e-06), F(0.00021858087), F(-0.00125372503)
_C6, _C7, _C8 = F(-0.00417768164), F(0.246640727), F(1.50140941)
_T0, _T1, _T2 = F(-0.000200214257), F(0.000100950558), F(0.00134934322)
_T3, _T4, _T5 = F(-0.00367342844), F(0.00573950773), F(-0.0076224613)
_T6, _T7, _T8 = F(0.00943887047), F(1.00167406), F(2.83297682)
_Q_CENTRE: Final = F(2.5)
_Q_TAIL: Final = F(3.0)
_SQRT2: Final = F(1.41421356237309505)
_FOUR: Final = F(4.0)


@rule
def lesser(a: float, b: float) -> float:
    """Smaller of two numbers."""
    return select(a < b, a, b)


@rule
def greater(a: float, b: float) -> float:
    """Larger of two numbers."""
    return select(a > b, a, b)


@rule
def clip(value: float, low: float, high: float) -> float:
    """`value` moved into [low, high]."""
    return lesser(greater(value, low), high)


@rule
def positive(value: float) -> float:
    """`value` where it is above zero, else zero."""
    return greater(value, ZERO)


@rule
def flag(condition: bool) -> float:
    """1.0 where the condition holds, else 0.0."""
    return select(condition, ONE, ZERO)


@rule
def exp(value: float) -> float:
    """e to the power of `value`; arguments outside [-87, 88] are moved to that range."""
    x = clip(value, _EXP_LOW, _EXP_HIGH)
    scaled = x * _LOG2E
    n = to_int32(scaled + select(scaled < ZERO, -HALF, HALF))
    whole = to_float32(n)
    r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    p = _E0
    p = p * r + _E1
    p = p * r + _E2
    p = p * r + _E3
    p = p * r + _E4
    p = p * r + _E5
    p = p * (r * r) + r + ONE
    return p * bits_float(shift_left32(add_signed32(n, _BIAS), _MANTISSA_BITS))


@rule
def log(value: float) -> float:
    """Natural logarithm of a positive number (zero and below count as the smallest normal)."""
    x = greater(value, _SMALLEST)
    bits = float_bits(x)
    exponent = to_float32(add_signed32(shift_right32(bits, _MANTISSA_BITS), _LOG_BIAS))
    m = bits_float(add_signed32(and_signed32(bits, _MANTISSA_MASK), _HALF_BITS))
    small = m < _SQRT_HALF
    exponent = exponent - select(small, ONE, ZERO)
    m = m + select(small, m, ZERO) - ONE
    z = m * m
    p = _L0
    p = p * m + _L1
    p = p * m + _L2
    p = p * m + _L3
    p = p * m + _L4
    p = p * m + _L5
    p = p * m + _L6
    p = p * m + _L7
    p = p * m + _L8
    p = p * m * z
    p = p + exponent * _LN2_LOW
    p = p - HALF * z
    return (m + p) + exponent * _LN2_HIGH


@rule
def tail_depth(probability: float) -> float:
    """How far out a probability lies: -log(4 p (1 - p)), 0 at one half."""
    return -log(_FOUR * probability * (ONE - probability))


@rule
def is_in_tail(depth: float) -> float:
    """1 where `normal_in_centre` does not hold any more (0.34 % of all probabilities), else 0; `depth` `tail_depth`."""
    return flag(depth >= _Q_SPLIT)


@rule
def normal_in_centre(probability: float, depth: float) -> float:
    """Standard normal quantile outside the tails; `depth` `tail_depth` of the probability."""
    c: Any = depth - _Q_CENTRE
    p = _C0
    p = p * c + _C1
    p = p * c + _C2
    p = p * c + _C3
    p = p * c + _C4
    p = p * c + _C5
    p = p * c + _C6
    p = p * c + _C7
    p = p * c + _C8
    value: float = _SQRT2 * (probability + probability - ONE) * p
    return value


@rule
def normal_in_tail(probability: float, depth: float) -> float:
    """Standard normal quantile in the tails; `depth` `tail_depth` of the probability."""
    t: Any = np.sqrt(depth) - _Q_TAIL
    q = _T0
    q = q * t + _T1
    q = q * t + _T2
    q = q * t + _T3
    q = q * t + _T4
    q = q * t + _T5
    q = q * t + _T6
    q = q * t + _T7
    q = q * t + _T8
    value: float = _SQRT2 * (probability + probability - ONE) * q
    return value


@rule
def normal_quantile(probability: float) -> float:
    """Standard normal quantile of a probability strictly between 0 and 1."""
    depth = tail_depth(probability)
    tail = normal_in_tail(probability, depth)
    return select(is_in_tail(depth) > ZERO, tail, normal_in_centre(probability, depth))


@rule
def logistic(value: float) -> float:
    """Inverse logit: 1 / (1 + exp(-value))."""
    return ONE / (ONE + exp(-value))
