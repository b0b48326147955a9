"""What carries records: the broker (Rust, `broker/`) and the HTTP gateway."""
