"""Light curves: where they come from, how they are read, and what makes two the same."""
