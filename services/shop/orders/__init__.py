"""Orders, their verification, cancellation and urging."""
