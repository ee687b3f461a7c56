"""What can be said of many results together: copies, neighbours, labels, what to review."""
