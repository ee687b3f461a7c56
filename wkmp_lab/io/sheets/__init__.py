"""What stands beside the music or in it to tell where its pieces begin: CUE sheets, chapters."""
