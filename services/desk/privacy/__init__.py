"""Privacy: export and erasure of what is known about a customer, retention, and who may read the audit trail."""
