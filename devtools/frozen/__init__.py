"""What people and programs see, frozen: a demo company whose clock stands still, and every page and answer of it.

    python -m devtools.frozen load    [--into DIR]            load the company, keep its database as DIR/company.dump
    python -m devtools.frozen capture [--into DIR] [--to DIR] ask everything of the kept company, as every role
    python -m devtools.frozen compare [--into DIR] [--reload] the same by this tree, against what is kept; 1 = differs

A refactoring changes none of it, or says in its commit what it changes. Project code is reached by commands, addresses
and the names of models, so that the tool outlives moves between rooms.
"""
