"""NMMA's own ``lightcurve-analysis`` as an engine: asked, watched, and its answer made a result.

NMMA runs in a process of its own, by its own interpreter; nothing here imports it. What runs there
is in ``inside/``, which imports NMMA and nothing of this package.
"""
