"""Music files and what lies beside them: found, opened, decoded, and their tags read."""
