//! Logs: JSON lines with a closed list of fields.
//!
//! Never logged: a body, a header, a card number, a security code, a name, an address, a token, a key, a password.

use tracing_subscriber::EnvFilter;

/// Writes JSON lines to standard output at `LOG_LEVEL` (`info` when it is not set or not a level).
pub fn init() {
    let level = std::env::var("LOG_LEVEL").unwrap_or_default().to_lowercase();
    let level =
        if matches!(level.as_str(), "error" | "warn" | "info" | "debug") { level } else { "info".to_owned() };
    // Only ours: the libraries' own lines may quote what they send.
    let filter = EnvFilter::new(format!("off,tollgate={level}"));
    let subscriber =
        tracing_subscriber::fmt().json().with_env_filter(filter).without_time().with_target(false);
    // Fails only when there is a subscriber already, as in a test; that one then serves.
    if subscriber.try_init().is_err() {
        tracing::debug!("logging was set up before");
    }
}
