"""The parts of a service as processes of their own: api, worker, beat and supervisor."""
