"""From results to where people look: pictures and products."""
