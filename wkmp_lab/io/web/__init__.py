"""Web services: the only place where a request leaves the machine."""
