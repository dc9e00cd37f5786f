"""What every noun of the desk stands on: settings, database, bus, clock, ids, errors, wording, security."""
