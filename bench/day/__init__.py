"""The replay of 21 February 2022: 49,005 calls of a day through a real Asterisk, compressed.

    python -m bench.day [--calls N] [--minutes N] [--profile day|opening] [--seed N] [--redial P]

profile.py says when people call, clock.py how the day is compressed, people.py what a person does,
orbits.py who calls again, partners.py when somebody is at a partner's phone: all pure. run.py lets
them call, samples.py looks at the processes meanwhile, figures.py, report.py and plots.py tell what
was seen.
"""
