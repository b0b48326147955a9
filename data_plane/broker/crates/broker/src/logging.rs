//! Structured logs: one JSON object a line on standard error.

use tracing::Level;

/// Sends events of the process to standard error.
pub(crate) fn start() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(Level::INFO)
        .with_writer(std::io::stderr)
        .init();
}
