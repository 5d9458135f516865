//! The start of a fake, and its application keys.

use crate::settings::Settings;

/// An application key.
#[derive(Clone)]
pub struct FakeClient {
    /// The client id, which is public.
    pub id: String,
    /// The client secret.
    pub secret: String,
}

impl std::fmt::Debug for FakeClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FakeClient").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The start of a fake.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// The port. Default: any free one.
    pub port: Option<u16>,
    /// The settings.
    pub settings: Settings,
    /// The application keys. Default: `elastic-path-client` with `elastic-path-secret`.
    pub clients: Vec<FakeClient>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        let client = FakeClient { id: "elastic-path-client".into(), secret: "elastic-path-secret".into() };
        Self { port: None, settings: Settings::default(), clients: vec![client] }
    }
}
