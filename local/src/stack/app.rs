//! What the handlers of a stack work with.

use std::sync::Arc;

use tollgate::{
    clock::Clock,
    lambda::{self, App, Config, Credentials},
    reconcile::Limits,
    scheduled_capture::Settings,
};

use super::{ATTEMPTS_TABLE_NAME, REGION, StartError, TABLE_NAME};
use crate::{merchants, permissions::Permissions};

/// Builds what the handlers need, for a stack at these addresses. Nothing checks what it is used for.
pub fn app(
    dynamodb_url: &str,
    secretsmanager_url: &str,
    captures: Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<App>, StartError> {
    let app = App::new(&config(dynamodb_url, secretsmanager_url, captures), clock);
    app.map(Arc::new).map_err(|error| StartError::App(error.to_string()))
}

/// The same, and a function that uses it can do what its policy allows.
pub(super) fn guarded_app(
    dynamodb_url: &str,
    secretsmanager_url: &str,
    captures: Settings,
    clock: Arc<dyn Clock>,
    permissions: &Arc<Permissions>,
) -> Result<Arc<App>, StartError> {
    let config = config(dynamodb_url, secretsmanager_url, captures);
    lambda::install_tls();
    let app = lambda::aws_http_client()
        .and_then(|client| App::with_http_client(&config, clock, &permissions.guard(client)));
    app.map(Arc::new).map_err(|error| StartError::App(error.to_string()))
}

fn config(dynamodb_url: &str, secretsmanager_url: &str, captures: Settings) -> Config {
    Config {
        table: TABLE_NAME.to_owned(),
        attempts_table: ATTEMPTS_TABLE_NAME.to_owned(),
        source_header: None,
        merchants: merchants::settings(),
        captures,
        inquiries: Limits::default(),
        region: REGION.to_owned(),
        dynamodb_url: Some(dynamodb_url.to_owned()),
        secretsmanager_url: Some(secretsmanager_url.to_owned()),
        credentials: Credentials {
            access_key_id: "local".to_owned(),
            secret_access_key: "local".to_owned(),
            session_token: None,
        },
    }
}
