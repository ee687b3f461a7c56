"""What a notebook shows: progress, plots, the explorer, the review."""
