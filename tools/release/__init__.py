"""Installations side by side: put one into use, go back to the one before, take all of it away.

    PREFIX/releases/ID/         a Python environment with one ivrd in it; below shipped/ what came
                                with it: sounds, systemd's files
    PREFIX/releases/in-place    an installation of before there were releases: PREFIX itself
    PREFIX/current, previous    links to two of them; `current` is what systemd and operators run

Putting a release into use changes files one by one, each in one step, and the link `current` last.
A recording that is not the one that the release before had shipped belongs to a person: it is
never changed.  The Makefile runs this; standard library only, nothing of ivrd.
"""
