"""Hostile input by the million: everything that takes in what others wrote, under a seeded mutator.

    python -m fuzz [--long] [--seed N] [NAME ...]

runner.py counts, times and measures; mutate.py makes the inputs; the targets are in fuzz/targets/.
guided.py lets the coverage of the code steer the inputs (atheris, an extra).
"""
