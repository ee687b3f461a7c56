"""The same tasks on clusters of other processes or hosts: Dask and Ray."""
