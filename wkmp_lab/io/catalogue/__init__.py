"""The local catalogue of known recordings, and the dump of musical flavors."""
