"""Magnitudes and fluxes: the constants between them. Light, since mistakes are answered by it."""

import math

AB_ZERO_POINT = 23.9  # mag, of a flux of one microjansky (Oke & Gunn 1983)
MAG_PER_LN = 2.5 / math.log(10)
