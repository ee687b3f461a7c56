"""How a running import and its tables are shown in a notebook."""
