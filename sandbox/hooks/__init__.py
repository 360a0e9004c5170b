"""Web hooks: what amoCRM posts and how it tries again."""
