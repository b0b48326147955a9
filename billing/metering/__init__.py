"""Metering: what clusters used, hour by hour, each usage window counted once for ever."""
