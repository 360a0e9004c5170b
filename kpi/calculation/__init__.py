"""The arithmetic of pay, and what every kind of component is made of; a kind itself is a file of `kpi.components`.

All of it is decimal and exact and knows no database: a line is rounded once, at its end.
"""
