"""Programs that work while servers, networks and users cause failures; afterwards everything is counted.

`python -m tests.stress --minutes 10` takes ten minutes for each kind of program; the suite has a short run.
"""
