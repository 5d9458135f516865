//! The `webhooks` function.

tollgate::main!(run_webhooks(webhooks::handle));
