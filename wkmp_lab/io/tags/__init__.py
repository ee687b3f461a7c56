"""What a file says of itself: several kinds of tags, one form."""
