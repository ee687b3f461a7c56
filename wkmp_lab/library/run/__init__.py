"""One import: its parts, each of which says who may change it, and the thread that works."""
