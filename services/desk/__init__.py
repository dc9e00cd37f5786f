"""The desk: the public edge of Baton and the only keeper of conversations."""
