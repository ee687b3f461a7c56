"""The library as one view: a table that one can sort, filter and hear, and maps beside it."""
