"""Measurements, as ratios within one run: absolute times say more of the machine than of us."""
