"""amoCRM's own export files, for a company that has not granted access yet.

`tables` reads a file, `columns` knows its header, `parsing` makes values of its rows, `names` gives keys to what a file
only names, `loading` writes the mirror, `succession` hands over to the API. Why so: docs/decisions/0010.
"""
