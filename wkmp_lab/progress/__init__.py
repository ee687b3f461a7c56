"""How far an import is: a board that workers write, and what is read from it."""
