//! The same payments in Node.js and in Python; see `dev/bench/peers/README.md`.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use local::{dynamodb_client, merchants};

use crate::{binaries::workspace, process::Program, world::World};

/// The program that is compared with the peers.
pub(crate) const TOLLGATE: &str = "Tollgate";

/// The peers' orders; they have another form than Tollgate's.
pub(crate) const ORDERS: &str = "peers-orders";
/// The table in which Powertools keeps its idempotency records.
pub(crate) const RECORDS: &str = "peers-idempotency";

/// A language that the peers are written in, with Powertools or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    NodeJs,
    PlainNodeJs,
    Python,
    PlainPython,
}

impl Language {
    pub(crate) const ALL: [Self; 4] = [Self::NodeJs, Self::PlainNodeJs, Self::Python, Self::PlainPython];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NodeJs => "Node.js",
            Self::PlainNodeJs => "Node.js without Powertools",
            Self::Python => "Python",
            Self::PlainPython => "Python without Powertools",
        }
    }

    fn folder(self) -> PathBuf {
        workspace().join("dev/bench/peers").join(match self {
            Self::NodeJs | Self::PlainNodeJs => "node",
            Self::Python | Self::PlainPython => "python",
        })
    }

    /// Installs the peers' dependencies and bundles them, as their README says, once for each
    /// folder.
    pub(crate) fn build(self) -> Result<(), String> {
        let folder = self.folder();
        match self {
            Self::NodeJs => {
                run(&folder, "npm", &["ci", "--silent", "--no-audit", "--no-fund"])?;
                run(&folder, "npm", &["run", "--silent", "build"])
            }
            Self::Python => {
                if !folder.join(".venv/bin/pip").is_file() {
                    run(&folder, "python3", &["-m", "venv", ".venv"])?;
                }
                let install = [
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "-r",
                    "requirements.txt",
                ];
                run(&folder, ".venv/bin/pip", &install)?;
                // A deployed package has its bytecode with it.
                run(&folder, ".venv/bin/python", &["-m", "compileall", "-q", "peer", ".venv"])
            }
            Self::PlainNodeJs | Self::PlainPython => Ok(()),
        }
    }

    /// A function that speaks to the same servers as Tollgate's.
    pub(crate) fn program(self, world: &World, function: &str) -> Result<Program, String> {
        let folder = self.folder().canonicalize().map_err(|error| error.to_string())?;
        let command: Vec<OsString> = match self {
            Self::NodeJs | Self::PlainNodeJs => {
                // Lambda's settings for Node.js with 512 MB.
                let limits = ["--max-semi-space-size=25", "--max-old-space-size=461"];
                let script = folder.join(format!("dist/{function}.mjs"));
                [OsString::from("node")]
                    .into_iter()
                    .chain(limits.map(Into::into))
                    .chain([script.into()])
                    .collect()
            }
            Self::Python | Self::PlainPython => {
                let python = folder.join(".venv/bin/python");
                vec![python.into(), "-m".into(), format!("peer.{function}").into()]
            }
        };
        let mut program = world.program(command, &folder, "");
        program.environment.retain(|(name, _)| name != "TABLE_NAME" && name != "PATH");
        let path = std::env::var("PATH").unwrap_or_default();
        let is_plain = matches!(self, Self::PlainNodeJs | Self::PlainPython);
        let more = [
            ("TABLE_NAME", ORDERS),
            ("IDEMPOTENCY_TABLE", RECORDS),
            ("POWERTOOLS", if is_plain { "off" } else { "on" }),
            ("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true"),
            ("PATH", &path),
        ];
        program.environment.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(program)
    }
}

fn run(folder: &Path, command: &str, arguments: &[&str]) -> Result<(), String> {
    let failed = |reason: String| {
        format!("{command} {}: {reason}. `--no-peers` leaves Node.js and Python out", arguments.join(" "))
    };
    // A path relative to the folder is not looked for there by all systems.
    let executable = if command.contains('/') { folder.join(command) } else { PathBuf::from(command) };
    let output = Command::new(executable).args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))))
}

pub(crate) struct Tables {
    client: Client,
}

impl Tables {
    pub(crate) async fn create(world: &World) -> Result<Self, String> {
        let client = dynamodb_client(world.stack.dynamodb_url());
        for (table, key) in [(ORDERS, "order_key"), (RECORDS, "id")] {
            let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build();
            let attribute = AttributeDefinition::builder().attribute_name(key);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build();
            client
                .create_table()
                .table_name(table)
                .key_schema(schema.map_err(|error| error.to_string())?)
                .attribute_definitions(attribute.map_err(|error| error.to_string())?)
                .billing_mode(BillingMode::PayPerRequest)
                .send()
                .await
                .map_err(|error| format!("{:?}", error.into_service_error()))?;
        }
        Ok(Self { client })
    }

    /// Registers an order in the peers' own form.
    pub(crate) async fn register(&self, order: &str) -> Result<(), String> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: u64| AttributeValue::N(number.to_string());
        let item = HashMap::from([
            ("order_key".to_owned(), text(&format!("{}#{order}", merchants::REGISTERED))),
            ("merchant".to_owned(), text(merchants::REGISTERED)),
            ("id".to_owned(), text(order)),
            ("currency".to_owned(), text("USD")),
            ("total".to_owned(), number(crate::world::AMOUNT)),
            ("version".to_owned(), number(1)),
            ("transactions".to_owned(), AttributeValue::L(Vec::new())),
        ]);
        let put = self.client.put_item().table_name(ORDERS).set_item(Some(item)).send().await;
        put.map(drop).map_err(|error| format!("{:?}", error.into_service_error()))
    }
}
