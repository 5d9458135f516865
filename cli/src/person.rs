//! Who acts, as AWS says and not as the command line does: the ARN of the credentials, recorded
//! beside `--by`.

use tollgate_core::order::Person;

use crate::{aws::Aws, failure::remark, installation::Installation};

/// The caller's ARN. None on a local stack, which has no accounts, and where STS does not say:
/// stopping payments must not depend on it.
pub(crate) async fn verified(installation: &Installation) -> Option<Person> {
    if installation.is_local {
        return None;
    }
    let arn = match Aws::new(installation) {
        Ok(aws) => aws.identity().await.map(|identity| identity.arn),
        Err(failure) => Err(failure),
    };
    let person = match arn {
        Ok(arn) => arn.parse().map_err(|why| format!("{arn} {why}")),
        Err(failure) => Err(failure.text().to_owned()),
    };
    person.map_err(|why| remark(&format!("The ARN of your AWS credentials is not recorded: {why}"))).ok()
}
