"""The audit trail: who logged in, saw personal data, overrode, exported, erased, or changed rules; append-only."""
