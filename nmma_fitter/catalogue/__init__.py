"""The models as a reader meets them: what they are, how they look, whether they are right here."""
