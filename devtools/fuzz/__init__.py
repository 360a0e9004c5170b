"""Everything that the portal answers, asked with nonsense: as each role, every address, drawn by a seed.

    python -m devtools.fuzz --requests 20000 --seed 7             # loads the demo company first, some minutes
    python -m devtools.fuzz --requests 20000 --seed 8 --again     # on the one that was loaded last

Whatever a request changes is undone. Told are answers of 500 and above, with where they come from, and those that cost
more than five seconds of computing. Parameters and fields are learnt from the pages themselves, so that a new page
needs no word here.
"""
