"""How results read as plain text and as static HTML, and how outside words are made safe."""
