//! A front's stack and its distribution, as AWS tells of them.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::source::{FRONT_SECRET, Front};

use crate::{aws_cli::AwsCli, failure::Failure, installation::deployed::Deployed};

/// Where CloudFront's stacks are.
pub(crate) const REGION: &str = "us-east-1";

pub(crate) struct Fronted {
    pub(super) aws: AwsCli,
    pub(crate) name: String,
    /// CloudFormation's word, such as `UPDATE_COMPLETE`.
    pub(super) status: String,
    parameters: BTreeMap<String, String>,
    distribution: String,
    /// Where callers reach the API.
    pub(crate) url: String,
}

impl Fronted {
    pub(crate) fn read(name: &str) -> Result<Self, Failure> {
        let aws = AwsCli::new(Some(REGION.to_owned()));
        let stack = Deployed::any(&aws, name)?;
        Ok(Self {
            name: name.to_owned(),
            status: stack.status.clone(),
            distribution: stack.output("DistributionId")?.to_owned(),
            url: stack.output("Url")?.trim_end_matches('/').to_owned(),
            parameters: stack.into_parameters(),
            aws,
        })
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &String> {
        self.parameters.keys()
    }

    /// Fails if it is another API's front: its secret would close this one to its own callers.
    pub(crate) fn belongs_to(&self, api: &Deployed) -> Result<(), Failure> {
        let parameter = |name: &str| self.parameters.get(name).map(String::as_str).unwrap_or_default();
        let (stage, origin) = (parameter("Stage"), parameter("OriginDomain"));
        let own = host(api.output("ApiUrl")?);
        if stage != api.parameter("Stage") {
            return Err(Failure::Refused(format!(
                "{} is a front of stage {stage}, and {} is stage {}",
                self.name,
                api.name,
                api.parameter("Stage")
            )));
        }
        if origin.is_empty() || (origin != own && origin != api.parameter("DomainName")) {
            return Err(Failure::Refused(format!(
                "{} is in front of {origin}, which is no address of {}: {own}",
                self.name, api.name
            )));
        }
        Ok(())
    }

    /// The digest of the secret that the distribution sends. A stack's parameter is hidden, and may
    /// be that of a deployment that was taken back.
    pub(crate) fn sent(&self) -> Result<String, Failure> {
        let found = self.aws.call(&["cloudfront", "get-distribution", "--id", &self.distribution])?;
        let items = |value: &Value| value["Items"].as_array().cloned().unwrap_or_default();
        let origins = items(&found["Distribution"]["DistributionConfig"]["Origins"]);
        let headers = origins.iter().flat_map(|origin| items(&origin["CustomHeaders"]));
        let mut secrets = headers.filter(|header| {
            header["HeaderName"].as_str().is_some_and(|name| FRONT_SECRET.as_str().eq_ignore_ascii_case(name))
        });
        match (secrets.next(), secrets.next()) {
            (Some(header), None) => Ok(Front::digest(header["HeaderValue"].as_str().unwrap_or_default())),
            _ => Err(Failure::NotThere(format!(
                "the distribution {} does not send one header {FRONT_SECRET}; is it of front.yaml?",
                self.distribution
            ))),
        }
    }

    /// Waits until all places of CloudFront are as they were told.
    pub(super) fn wait_until_deployed(&self) -> Result<(), Failure> {
        self.aws.call(&["cloudfront", "wait", "distribution-deployed", "--id", &self.distribution]).map(drop)
    }
}

/// The host of an address, with its port if it has one.
pub(crate) fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}
