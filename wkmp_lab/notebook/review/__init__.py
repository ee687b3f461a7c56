"""What is not sure, to be decided by hand."""
