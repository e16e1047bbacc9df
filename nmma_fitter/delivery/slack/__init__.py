"""Telling Slack: one thread for each object and channel, a digest for each night.

No sooner than the first delivery is the SDK imported, or the token read.
"""
