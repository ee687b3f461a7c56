"""Signal measures: arrays in, arrays out, no input or output."""
