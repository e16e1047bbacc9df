"""Light-curve files that were damaged, mixed up and made worse, read by every reader."""
