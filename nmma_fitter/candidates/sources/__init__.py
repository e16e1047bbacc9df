"""Where candidates come from, and how they are taken in."""
