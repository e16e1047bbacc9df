"""Real-time fits of physical models to transient light curves."""

__version__ = "0.2.0"
