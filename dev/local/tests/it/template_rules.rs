//! The rules of `template.yaml`, which CloudFormation evaluates before it deploys: with each
//! stage's parameters.

use std::{collections::BTreeMap, iter::Peekable, str::Chars};

use local::template::TEMPLATE;
use serde_json::Value;

/// An expression of a rule, as the template writes it.
enum Expression {
    Text(String),
    Call(String, Vec<Expression>),
}

fn word(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(next) = chars.next_if(|next| !" ,[]".contains(*next)) {
        text.push(next);
    }
    text.trim_matches('"').to_owned()
}

fn read(chars: &mut Peekable<Chars<'_>>) -> Expression {
    while chars.next_if(|next| " ,".contains(*next)).is_some() {}
    if chars.next_if_eq(&'!').is_none() {
        return Expression::Text(word(chars));
    }
    let name = word(chars);
    assert_eq!(chars.next(), Some(' '), "{name}");
    if chars.next_if_eq(&'[').is_none() {
        return Expression::Call(name, vec![read(chars)]);
    }
    let mut arguments = Vec::new();
    while chars.next_if_eq(&']').is_none() {
        arguments.push(read(chars));
    }
    Expression::Call(name, arguments)
}

impl Expression {
    fn text<'a>(&'a self, parameters: &'a BTreeMap<String, String>) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("Ref", [Self::Text(of)]) => &parameters[of],
                _ => panic!("{name} is no text"),
            },
        }
    }

    fn holds(&self, parameters: &BTreeMap<String, String>) -> bool {
        let Self::Call(name, arguments) = self else { panic!("a text is no condition") };
        match (name.as_str(), arguments.as_slice()) {
            ("Equals", [left, right]) => left.text(parameters) == right.text(parameters),
            ("Not", [one]) => !one.holds(parameters),
            ("Or", all) => all.iter().any(|one| one.holds(parameters)),
            ("And", all) => all.iter().all(|one| one.holds(parameters)),
            _ => panic!("{name}"),
        }
    }
}

/// The rules that refuse these parameters; all others have their defaults.
fn refused(given: &[(&str, &str)]) -> Vec<String> {
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all = template["Parameters"].as_object().unwrap().iter();
    let mut parameters: BTreeMap<_, _> =
        all.map(|(name, parameter)| (name.clone(), text(&parameter["Default"]))).collect();
    for (name, value) in given {
        assert!(parameters.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name}");
    }
    let (_, rules) = TEMPLATE.split_once("\nRules:\n").unwrap();
    let (rules, _) = rules.split_once("\nConditions:\n").unwrap();
    let (mut name, mut is_on, mut refused, mut count) = ("", false, Vec::new(), 0);
    for line in rules.lines() {
        let expression = |after: &str| Some(read(&mut line.trim().strip_prefix(after)?.chars().peekable()));
        if let Some(rule) = line.strip_prefix("  ").filter(|rule| rule.starts_with(char::is_alphabetic)) {
            name = rule.trim_end_matches(':');
        } else if let Some(condition) = expression("RuleCondition: ") {
            is_on = condition.holds(&parameters);
        } else if let Some(assertion) = expression("- Assert: ") {
            count += 1;
            if is_on && !assertion.holds(&parameters) {
                refused.push(name.to_owned());
            }
        }
    }
    assert_eq!(count, rules.matches("Assert: ").count());
    refused
}

const PAGES: (&str, &str) = ("PageTopicArn", "arn:aws:sns:us-east-1:123456789012:pages");
const TICKETS: (&str, &str) = ("TicketTopicArn", "arn:aws:sns:us-east-1:123456789012:tickets");
const PROD: [(&str, &str); 3] = [("Stage", "prod"), PAGES, TICKETS];

const DIGEST: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

#[test]
fn prod_has_a_front_unless_that_is_waived_and_the_waiver_ends_with_the_front() {
    let with = |more: &[(&'static str, &'static str)]| refused(&[PROD.as_slice(), more].concat());
    assert_eq!(with(&[]), ["ProdHasItsFront"]);
    assert_eq!(with(&[("WithoutFront", "true")]), Vec::<String>::new());
    assert_eq!(with(&[("FrontSecretDigests", DIGEST)]), Vec::<String>::new());
    assert_eq!(with(&[("FrontSecretDigests", DIGEST), ("WithoutFront", "true")]), ["FrontOrNone"]);
    for stage in ["dev", "staging"] {
        assert_eq!(refused(&[("Stage", stage)]), Vec::<String>::new());
        assert_eq!(refused(&[("Stage", stage), ("FrontSecretDigests", DIGEST)]), Vec::<String>::new());
    }
}

#[test]
fn prod_needs_somebody_who_hears_alarms_and_a_domain_its_certificate() {
    let (prod, without_front) = (("Stage", "prod"), ("WithoutFront", "true"));
    let monitoring = |how| ("Monitoring", how);
    let refusal = ["ProdRingsSomebody"];
    assert_eq!(refused(&[prod, without_front, TICKETS]), refusal, "nobody would wake up");
    assert_eq!(refused(&[prod, without_front, PAGES]), refusal, "most alarms would be missing");
    assert_eq!(refused(&[prod, without_front, PAGES, monitoring("essential")]), Vec::<String>::new());
    assert_eq!(refused(&[prod, without_front, PAGES, TICKETS, monitoring("none")]), refusal);
    assert_eq!(refused(&[monitoring("none")]), Vec::<String>::new());
    assert_eq!(refused(&[("DomainName", "pay.example.com")]), ["DomainHasCertificate"]);
    assert_eq!(refused(&[("DefaultEndpoint", "disabled")]), ["SomeAddressAnswers"]);
}

#[test]
fn a_user_pool_that_sends_people_nowhere_is_not_made() {
    assert_eq!(refused(&[("ConsoleUsers", "cognito")]), ["UserPoolSendsPeopleBack"]);
    let back = ("ConsoleCallbackUrl", "https://console.shop.example/back");
    assert_eq!(refused(&[("ConsoleUsers", "cognito"), back]), Vec::<String>::new());
}

#[test]
fn a_console_has_an_issuer_a_host_of_its_own_and_in_prod_a_front() {
    let (console, api) = ("https://console.shop.example", "https://pay.shop.example");
    let sign_in = [("Issuer", "https://id.example"), ("SignInRevision", "1")];
    let with = |more: &[(&'static str, &'static str)]| {
        refused(&[&[("ConsoleEnabled", "true"), ("ConsoleApiUrl", api)], more].concat())
    };
    let at = |url| [sign_in[0], sign_in[1], ("ConsoleUrl", url)];
    assert_eq!(with(&at(console)), Vec::<String>::new());
    let refusal = ["ConsoleSignsPeopleIn"];
    assert_eq!(with(&[("ConsoleUrl", console)]), refusal, "nobody could sign in");
    assert_eq!(with(&sign_in), refusal, "and nobody be sent back");
    assert_eq!(with(&at(api)), refusal, "its cookies would go to the API");
    let prod = |more: &[(&'static str, &'static str)]| with(&[&PROD, &at(console)[..], more].concat());
    assert_eq!(prod(&[("FrontSecretDigests", DIGEST)]), refusal, "it is open to everybody");
    assert_eq!(prod(&[("WithoutFront", "true")]), Vec::<String>::new());
    let both = [("FrontSecretDigests", DIGEST), ("ConsoleFrontSecretDigests", DIGEST)];
    assert_eq!(prod(&both), Vec::<String>::new());
}

/// Issuer, `amr` and `acr` of a stack that lets people sign in, or does not.
const SIGN_INS: [[&str; 3]; 4] = [
    ["", "", ""],
    ["https://id.example", "", ""],
    ["https://id.example", "mfa", ""],
    ["https://id.example", "", "2fa"],
];

fn sign_in<'a>([issuer, amr, acr]: [&'a str; 3], revision: &'a str) -> [(&'a str, &'a str); 4] {
    [("Issuer", issuer), ("IssuerAmr", amr), ("IssuerAcr", acr), ("SignInRevision", revision)]
}

#[test]
fn whoever_changes_how_people_sign_in_changes_the_revision_that_puts_it_in_force() {
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let allowed = template["Parameters"]["SignInRevision"]["AllowedValues"].as_array().unwrap();
    let revisions: Vec<_> = allowed.iter().map(|value| value.as_str().unwrap()).collect();
    let is_refused = |way: [&str; 3], revision: &str| !refused(&sign_in(way, revision)).is_empty();
    for way in SIGN_INS {
        let fit = revisions.iter().filter(|revision| !is_refused(way, revision)).count();
        assert_eq!(fit, if way[0].is_empty() { 1 } else { 6 }, "{way:?}");
    }
    let [off, on, strong, other] = SIGN_INS;
    for (before, after) in [(off, on), (on, strong), (on, other), (off, strong), (off, other)] {
        for revision in &revisions {
            let refused = is_refused(before, revision) || is_refused(after, revision);
            assert!(refused, "{before:?} to {after:?} with {revision}");
        }
    }
    // The required way to sign in says nothing without an issuer.
    assert!(is_refused(["", "mfa", ""], "none") && is_refused(["", "mfa", ""], "mfa-1"));
}
