"""One import of one folder, and what is kept of it."""
