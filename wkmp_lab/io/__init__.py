"""The outside world: files, tags, services, the local catalogue."""
