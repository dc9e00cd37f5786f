"""What every part of the shop stands on: settings, database, clock, ids, errors, logs."""
