"""The settings of a whole library, moved while looking at what they would change."""
