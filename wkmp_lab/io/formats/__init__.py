"""What the bytes of a file format tell, read without a decoder."""
