"""One file to be seen, heard and cut."""
