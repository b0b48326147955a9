"""Parts that know no domain: settings, database, errors, ids, clock, secrets, jobs, leases."""
