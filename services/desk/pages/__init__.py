"""Pages: the built front ends, the demo page and the API reference."""
