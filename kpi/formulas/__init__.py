"""Pay as arithmetic: frozen values in, frozen values out, Decimal only, no Django.

``rates`` (tiers), ``curves`` (piecewise lines), ``matrix`` (weighted indices), ``components`` (the kinds of a scheme's
components and what each of them pays), ``pay`` (a whole statement). The algorithm in prose: docs/money.md.
"""
