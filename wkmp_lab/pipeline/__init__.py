"""One file through the measuring phases, and what its results rest on."""
