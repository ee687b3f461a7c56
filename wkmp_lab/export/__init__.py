"""How results leave: tables of every format, lists for other programs, reports."""
