"""Many files at once: the only place for processes, joblib, Dask and Ray."""
