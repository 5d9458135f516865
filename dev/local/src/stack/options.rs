//! The options of a stack, and the reasons why it may not start.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

use serde_json::Value;
use tollgate::{openid::IssuerUrl, source::Front};
use tollgate_core::payments::CaptureSettings;

use crate::{front::FrontError, functions::Handler, template::TemplateError};

/// The options of a stack. The default suits tests: free ports, everything in memory, no samples.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The API's port; the simulator, DynamoDB, Secrets Manager and EventBridge take the next four,
    /// a front the one after, the console the seventh, and a fake Elastic Path the eighth. `None`:
    /// any free ones.
    pub port: Option<u16>,
    /// Where DynamoDB and the simulator keep their data. `None`: in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB that already runs, instead of our own.
    pub dynamodb_url: Option<String>,
    /// A Secrets Manager that already runs, instead of our own.
    pub secretsmanager_url: Option<String>,
    /// Where containers reach this machine. The simulator, DynamoDB and Secrets Manager listen
    /// there too, and the gateway is called `localhost`, which a container can be told to find
    /// there.
    pub containers: Option<IpAddr>,
    /// Other names and addresses of this machine, besides `localhost` and the loopback addresses,
    /// that requests may be for and pages may come from.
    pub hosts: Vec<String>,
    /// Fill an empty table with the sample orders that `events/` speaks of.
    pub samples: bool,
    /// Fill it with a month of payments of [`crate::merchants::MONTH`] as well, which takes some
    /// seconds.
    pub month: bool,
    /// How the simulator behaves, such as its seed and its noise.
    pub simulator: cardpointe_simulator::Config,
    /// Changes to the merchants' documents: merchant id → JSON merge patch. An unknown id is a new
    /// merchant, made from the first built-in one. A stack's own gateway address is filled in.
    pub merchants: BTreeMap<String, Value>,
    /// Handlers in place of a function's own, by the binary's name.
    pub handlers: Vec<(&'static str, Handler)>,
    /// Actions that a function may not perform although its policy allows them: function and
    /// action, such as `dynamodb:GetItem`.
    pub withdrawn: Vec<(&'static str, &'static str)>,
    /// The functions that run without a request.
    pub unattended: Unattended,
    /// In place of the template's.
    pub function_timeout: Option<Duration>,
    /// How scheduled captures run, in place of the template's settings.
    pub captures: Option<CaptureSettings>,
    /// The deployment's parameter `Payments` is `stopped`.
    pub payments_stopped: bool,
    /// The deployment's parameter `FrontSecretDigests`.
    pub front: Front,
    /// Where people sign in, in place of the stack's own issuer, as one company's alone. Its
    /// clients are called as the own one's.
    pub issuer: Option<IssuerUrl>,
    /// Each route takes as many requests a second as the template says, and each merchant's lists
    /// are read as often as in a deployment.
    pub throttles: bool,
    /// A fake Elastic Path store is started, and a merchant whose orders are there.
    pub elastic_path: bool,
    /// The secret of a front that is played in front of the API, and required.
    pub front_secret: Option<String>,
}

/// The functions that run without a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unattended {
    /// None. Tests invoke those that they need, when they need them.
    #[default]
    Nothing,
    /// Those that read the tables' streams.
    Streams,
    /// These, and those with a schedule.
    StreamsAndSchedules,
}

impl Options {
    /// The hosts that were named in one way or another.
    pub(crate) fn all_hosts(&self) -> Vec<String> {
        let containers = self.containers.map(|address| address.to_string());
        self.hosts.iter().cloned().chain(containers).collect()
    }
}

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be had.
    #[error("port {port}, for {service}, cannot be opened: {reason}. Choose another with --port")]
    Port {
        /// The port that is taken or not allowed.
        port: u16,
        /// The service that the port is for.
        service: &'static str,
        reason: std::io::Error,
    },
    /// There are not as many ports.
    #[error("there are not enough ports from {first} on. Choose a lower one with --port")]
    NoPort {
        /// The first of the stack's ports.
        first: u16,
    },
    /// The address for containers cannot be used.
    #[error("{address}:{port}, where containers are to reach {service}, cannot be opened: {reason}")]
    Containers {
        /// The address of this machine that containers use.
        address: IpAddr,
        /// The port, the same as on 127.0.0.1.
        port: u16,
        /// The service that the port is for.
        service: &'static str,
        reason: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("the data in {} cannot be opened: {reason}", .path.display())]
    Data {
        /// The directory that was requested.
        path: PathBuf,
        /// The error of the system or the database.
        reason: String,
    },
    /// The table is not to be had.
    #[error("DynamoDB at {url} cannot be used: {reason}")]
    DynamoDb {
        /// The address of the DynamoDB.
        url: String,
        /// The result of the failed call.
        reason: String,
    },
    /// The template does not fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The front's template does not fit.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// The functions' clients cannot be built.
    #[error("the functions cannot start: {0}")]
    App(String),
    /// A sample payment did not get the expected response.
    #[error("the sample orders cannot be made: {0}. Leave them out with --no-samples")]
    Samples(String),
}
