"""The composition root: builds every wing from its settings and joins them; `run` and `demo`.

It is the only place that may import everything, and it never decides anything.
"""
