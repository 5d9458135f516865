//! `sign-in-client …`: the programs that may exchange a person's ID token (docs/people.md).

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tollgate::openid::{InvalidClients, parse_clients};

use crate::{
    args::{AddSignInClient, RemoveSignInClient, SignInClientCommand},
    aws::Aws,
    confirm,
    failure::Failure,
    installation::Installation,
    merchant::random_hex,
    people::table,
    report::Report,
};

/// Bytes of a new secret: no guessing gets through 256 bits.
const SECRET_BYTES: usize = 32;

const HEADER: [&str; 2] = ["CLIENT", "AUDIENCE"];

pub(crate) async fn run(
    installation: &Installation,
    command: &SignInClientCommand,
) -> Result<Report, Failure> {
    match command {
        SignInClientCommand::Add(add) => self::add(installation, add).await,
        SignInClientCommand::List => list(installation).await,
        SignInClientCommand::Remove(remove) => self::remove(installation, remove).await,
    }
}

/// The stack's document of programs. No `Debug`: it holds their secrets.
struct Document {
    name: String,
    clients: Map<String, Value>,
    is_new: bool,
}

impl Document {
    async fn read(aws: &Aws, installation: &Installation) -> Result<Self, Failure> {
        let name = installation.sign_in_clients()?.to_owned();
        let Some(text) = aws.document(&name).await? else {
            return Ok(Self { name, clients: Map::new(), is_new: true });
        };
        let text = text.expose_secret();
        parse_clients(text).map_err(|error| unusable(&name, &error))?;
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let clients = value["clients"].as_object().cloned().unwrap_or_default();
        Ok(Self { name, clients, is_new: false })
    }

    fn text(&self) -> SecretString {
        SecretString::from(json!({ "clients": self.clients }).to_string())
    }

    /// Whether the function can read it.
    fn check(&self) -> Result<(), Failure> {
        let read = parse_clients(self.text().expose_secret());
        read.map(drop).map_err(|error| unusable(&self.name, &error))
    }

    async fn write(&self, aws: &Aws) -> Result<(), Failure> {
        aws.put_document(&self.name, &self.text(), self.is_new).await
    }

    /// The programs and their audiences, without the secrets.
    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.clients.iter().map(|(id, client)| (id.as_str(), client["audience"].as_str().unwrap_or_default()))
    }

    /// Where it is, for a program.
    fn whereabouts(&self, installation: &Installation) -> Value {
        json!({ "stage": installation.stage_or_unnamed(), "region": installation.region, "secret": self.name })
    }

    /// The same, for a person.
    fn at(&self, installation: &Installation) -> String {
        format!("stage {} ({} in {})", installation.stage_or_unnamed(), self.name, installation.region)
    }
}

fn unusable(name: &str, error: &InvalidClients) -> Failure {
    Failure::Input(format!("the secret {name}: {error}; docs/people.md describes it"))
}

async fn add(installation: &Installation, add: &AddSignInClient) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let mut document = Document::read(&aws, installation).await?;
    let AddSignInClient { client, audience, dry_run } = add;
    let id = client.to_string();
    if document.clients.contains_key(&id) {
        return Err(Failure::Refused(format!(
            "{id} is there already. For another secret, add the program under another name, give it that name and \
             secret, then remove this one"
        )));
    }
    let secret = random_hex(SECRET_BYTES)?;
    let member = json!({ "secret": secret.expose_secret(), "audience": audience });
    document.clients.insert(id.clone(), member);
    document.check()?;
    let mut value = json!({
        "client_id": id, "audience": audience, "place": document.whereabouts(installation), "dry_run": dry_run,
    });
    let at = document.at(installation);
    if *dry_run {
        let text = format!("Dry run: nothing was written. {id} could sign people in; {at}.");
        return Ok(Report::new(text, value));
    }
    document.write(&aws).await?;
    value["client_secret"] = json!(secret.expose_secret());
    let text = format!(
        "{id} signs people in within 5 minutes, with ID tokens for {audience}; {at}.\n\n\
         client_id      {id}\nclient_secret  {}\n\n\
         The secret is shown this once. Give it to the program.",
        secret.expose_secret()
    );
    Ok(Report::new(text, value))
}

async fn list(installation: &Installation) -> Result<Report, Failure> {
    let document = Document::read(&Aws::new(installation)?, installation).await?;
    let rows = document.shown().map(|(id, audience)| vec![id.to_owned(), audience.to_owned()]);
    let mut text = table(&HEADER, rows.collect());
    let count = document.clients.len();
    text.push(format!("{count} program{}", if count == 1 { "" } else { "s" }));
    let shown: Vec<Value> =
        document.shown().map(|(id, audience)| json!({ "client_id": id, "audience": audience })).collect();
    Ok(Report::new(text.join("\n"), json!({ "place": document.whereabouts(installation), "clients": shown })))
}

async fn remove(installation: &Installation, remove: &RemoveSignInClient) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let mut document = Document::read(&aws, installation).await?;
    let RemoveSignInClient { client, dry_run, yes } = remove;
    if document.clients.remove(client).is_none() {
        let text = format!("no program {client}; `tollgate sign-in-client list` shows all of them");
        return Err(Failure::NotThere(text));
    }
    let value =
        json!({ "client_id": client, "place": document.whereabouts(installation), "dry_run": dry_run });
    let at = document.at(installation);
    if *dry_run {
        return Ok(Report::new(format!("Dry run: {client} would be removed; {at}."), value));
    }
    if !yes {
        confirm::by_typing(client, &format!("{client}, {at}: within 5 minutes nobody signs in with it."))?;
    }
    document.write(&aws).await?;
    let text = format!(
        "{client}, {at}, is removed. After 5 minutes nobody signs in with it; tokens that people have go on for their 15 \
         minutes."
    );
    Ok(Report::new(text, value))
}
