"""Speed, as ratios against a bare socket and a peer in the same run: `python -m tests.benchmarks`.

Microseconds change with the machine and its mood; what is measured in alternating rounds, side by side, changes less.
"""
