"""Operations: work in progress that callers can look at and wait for."""
