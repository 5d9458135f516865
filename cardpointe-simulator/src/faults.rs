//! Faults: the effects of a network or a gateway in trouble on a call.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::codes::ResponseCode;

/// The target of a fault.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Endpoint {
    /// Every endpoint, `"*"` in the control interface.
    Any,
    /// `auth`: authorizations, sales and verifications.
    Auth,
    /// `capture`: takes the amount that an authorization holds.
    Capture,
    /// `void`: voids a transaction by its reference.
    Void,
    /// `refund`: refunds a settled payment.
    Refund,
    /// `inquire`: the record under a reference.
    Inquire,
    /// `inquireByOrderid`: all records under an order id.
    InquireByOrderid,
    /// `voidByOrderId`: voids the transactions with an order id.
    VoidByOrderId,
    /// `profile`: creating, reading, changing and deleting
    Profile,
    /// `inquireMerchant`: the settings of a merchant account.
    InquireMerchant,
    /// `bin`: the facts that the first digits of a card tell.
    Bin,
    /// `settlestat`: the batches that were sent, with their transactions.
    Settlestat,
    /// `openbatch`: opens a batch that the client closes itself.
    Openbatch,
    /// `closebatch`: closes it.
    Closebatch,
    /// `funding`: deposits to the merchant's bank account, by day.
    Funding,
    /// `sigcap`: attaches a signature to a transaction.
    Sigcap,
    /// `surcharge`: whether a card would get a surcharge, and how much.
    Surcharge,
    /// `CardSecure`'s `tokenize`: a token for a card number.
    Tokenize,
}

impl Endpoint {
    const ALL: [Self; 18] = [
        Self::Any,
        Self::Auth,
        Self::Capture,
        Self::Void,
        Self::Refund,
        Self::Inquire,
        Self::InquireByOrderid,
        Self::VoidByOrderId,
        Self::Profile,
        Self::InquireMerchant,
        Self::Bin,
        Self::Settlestat,
        Self::Openbatch,
        Self::Closebatch,
        Self::Funding,
        Self::Sigcap,
        Self::Surcharge,
        Self::Tokenize,
    ];

    /// The name in the path and in the control interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::Auth => "auth",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Inquire => "inquire",
            Self::InquireByOrderid => "inquireByOrderid",
            Self::VoidByOrderId => "voidByOrderId",
            Self::Profile => "profile",
            Self::InquireMerchant => "inquireMerchant",
            Self::Bin => "bin",
            Self::Settlestat => "settlestat",
            Self::Openbatch => "openbatch",
            Self::Closebatch => "closebatch",
            Self::Funding => "funding",
            Self::Sigcap => "sigcap",
            Self::Surcharge => "surcharge",
            Self::Tokenize => "tokenize",
        }
    }

    /// The endpoint of a name; the error lists them.
    pub(crate) fn from_name(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|known| known.name()).collect();
            format!("endpoint: one of {}", names.join(", "))
        })
    }
}

/// The failure of a request, and whether the request is processed all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultKind {
    /// Nothing is processed, and the connection closes without a response.
    DropBefore,
    /// The request is processed, and the connection closes without a response.
    DropAfter,
    /// The request is processed at once, and the response comes late.
    Delay {
        /// How long after processing the response leaves, in milliseconds.
        delay_ms: u64,
    },
    /// Nothing is processed, and no response comes until the client gives up.
    HangBefore,
    /// The request is processed, and no response comes until the client gives up.
    HangAfter,
    /// Nothing is processed, and the response has this HTTP status: the gateway's, or that of an
    /// intermediary that does not let the request through.
    Status {
        /// The HTTP status of the response, 200 to 599.
        status: u16,
    },
    /// The request is processed, and the response has this HTTP status: that of an intermediary on
    /// the way back.
    StatusAfter {
        /// The HTTP status of the response, 200 to 599.
        status: u16,
    },
    /// The gateway responds with this code. A payment or refund that is not done is on record as
    /// declined with the code.
    ///
    /// When it is done: under respstat B the record is that of the payment or refund that was done.
    /// Under C the response is that to a copy of the request, which has a declined record of its
    /// own beside the first one's.
    Respond {
        /// The code that the response has, of a processor or of the gateway itself.
        code: ResponseCode,
        /// Whether the request is carried out all the same.
        done: bool,
    },
    /// The request is processed, and the response is HTML under status 200.
    Malformed,
    /// The request is processed, and the response breaks off in the middle of its body.
    Cut,
    /// The request arrives twice and is processed twice, as when a proxy repeats it. One response,
    /// or none, reaches the client.
    DeliveredTwice {
        /// Which of the two responses it is.
        response: Arriving,
    },
    /// The connection closes at once, and the request arrives later, by the simulator's clock:
    /// before the first request, or with the first move of the clock, after that.
    ArrivesLate {
        /// How much later, in seconds.
        late_s: u32,
    },
    /// The processor does not respond to the gateway: PPS 62. A payment counts as declined;
    /// captures, voids and refunds are done or not as the merchant account's settings say (default:
    /// not done).
    TimedOut,
}

/// Which response reaches the client when a request was delivered twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arriving {
    /// That to the first delivery.
    First,
    /// That to the second one, as when the first was lost and a proxy sent the request again.
    Second,
    /// None: the connection closes.
    Neither,
}

impl Arriving {
    const ALL: [Self; 3] = [Self::First, Self::Second, Self::Neither];

    fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Neither => "neither",
        }
    }
}

/// A fault, armed for the next calls of an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The endpoint whose calls it hits.
    pub endpoint: Endpoint,
    /// The failure of these requests.
    pub kind: FaultKind,
    /// How many calls it hits.
    pub times: u32,
}

/// Longer than any sensible client waits, short enough not to leak a connection for a day.
const MAX_DELAY_MS: u64 = 600_000;

/// A month: longer than any client waits for a response.
const MAX_LATE_S: u32 = 31 * 86_400;

/// How late a request is that arrives late, where it is not said.
const LATE_S: u32 = 180;

const MEMBERS: [&str; 10] = [
    "endpoint", "fault", "times", "status", "delay_ms", "late_s", "respproc", "respcode", "done", "response",
];

const NAMES: &str = "drop_before, drop_after, hang_before, hang_after, delay, status, status_after, \
                     malformed, cut, delivered_twice, arrives_late, timed_out, respond";

impl Fault {
    /// A fault for one call.
    pub fn once(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self { endpoint, kind, times: 1 }
    }

    /// Reads the control interface's form; the error names the member that is wrong.
    pub(crate) fn from_json(body: &Value) -> Result<Self, String> {
        let members = body.as_object().ok_or("the body must be a JSON object")?;
        if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("{name}: no such member; there are {}", MEMBERS.join(", ")));
        }
        let number =
            |name: &str, default: u64, range: std::ops::RangeInclusive<u64>| match members.get(name) {
                None => Ok(default),
                Some(value) => value.as_u64().filter(|number| range.contains(number)).ok_or_else(|| {
                    format!("{name}: a whole number from {} to {}", range.start(), range.end())
                }),
            };
        let times = number("times", 1, 1..=u64::from(u32::MAX))?;
        let status = number("status", 503, 200..=599)?;
        let late_s = number("late_s", LATE_S.into(), 1..=MAX_LATE_S.into())?;
        let delay_ms = number("delay_ms", 0, 0..=MAX_DELAY_MS)?;

        let name = members.get("endpoint").and_then(Value::as_str).unwrap_or_default();
        let endpoint = Endpoint::from_name(name)?;
        let status = u16::try_from(status).unwrap_or(503);
        let kind = match members.get("fault").and_then(Value::as_str).unwrap_or_default() {
            "drop_before" => FaultKind::DropBefore,
            "drop_after" => FaultKind::DropAfter,
            "hang_before" => FaultKind::HangBefore,
            "hang_after" => FaultKind::HangAfter,
            "delay" => FaultKind::Delay { delay_ms },
            "status" => FaultKind::Status { status },
            "status_after" => FaultKind::StatusAfter { status },
            "malformed" => FaultKind::Malformed,
            "cut" => FaultKind::Cut,
            "delivered_twice" => FaultKind::DeliveredTwice { response: arriving(members)? },
            "arrives_late" => FaultKind::ArrivesLate { late_s: u32::try_from(late_s).unwrap_or(LATE_S) },
            "timed_out" => FaultKind::TimedOut,
            "respond" => {
                let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
                let code = ResponseCode::find(text("respproc"), text("respcode"))
                    .ok_or("respcode: not a code of this respproc, such as \"94\" of \"FNOR\"")?;
                let done = match members.get("done") {
                    None => false,
                    Some(done) => done.as_bool().ok_or("done: true or false")?,
                };
                FaultKind::Respond { code, done }
            }
            _ => return Err(format!("fault: one of {NAMES}")),
        };
        Ok(Self { endpoint, kind, times: u32::try_from(times).unwrap_or(u32::MAX) })
    }

    pub(crate) fn to_json(self) -> Value {
        let mut json = json!({ "endpoint": self.endpoint.name(), "times": self.times });
        json["fault"] = match self.kind {
            FaultKind::DropBefore => json!("drop_before"),
            FaultKind::DropAfter => json!("drop_after"),
            FaultKind::Delay { delay_ms } => {
                json["delay_ms"] = json!(delay_ms);
                json!("delay")
            }
            FaultKind::Status { status } => {
                json["status"] = json!(status);
                json!("status")
            }
            FaultKind::StatusAfter { status } => {
                json["status"] = json!(status);
                json!("status_after")
            }
            FaultKind::Respond { code, done } => {
                json["respproc"] = json!(code.respproc());
                json["respcode"] = json!(code.respcode());
                json["done"] = json!(done);
                json!("respond")
            }
            FaultKind::HangBefore => json!("hang_before"),
            FaultKind::HangAfter => json!("hang_after"),
            FaultKind::Malformed => json!("malformed"),
            FaultKind::Cut => json!("cut"),
            FaultKind::DeliveredTwice { response } => {
                json["response"] = json!(response.word());
                json!("delivered_twice")
            }
            FaultKind::ArrivesLate { late_s } => {
                json["late_s"] = json!(late_s);
                json!("arrives_late")
            }
            FaultKind::TimedOut => json!("timed_out"),
        };
        json
    }
}

/// Which of two responses reaches the client: the second, unless something else is said.
fn arriving(members: &Map<String, Value>) -> Result<Arriving, String> {
    let Some(word) = members.get("response") else { return Ok(Arriving::Second) };
    let found = Arriving::ALL.into_iter().find(|known| word == known.word());
    found.ok_or_else(|| format!("response: one of {}", Arriving::ALL.map(Arriving::word).join(", ")))
}

/// The faults still to come, in the order in which they were armed.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.0.push_back(fault);
        }
    }

    /// Takes the first fault that hits a call of this endpoint.
    pub(crate) fn take(&mut self, endpoint: Endpoint) -> Option<FaultKind> {
        let hits = |fault: &Fault| fault.endpoint == endpoint || fault.endpoint == Endpoint::Any;
        let place = self.0.iter().position(hits)?;
        let fault = &mut self.0[place];
        let kind = fault.kind;
        fault.times -= 1;
        if fault.times == 0 {
            self.0.remove(place);
        }
        Some(kind)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn to_json(&self) -> Value {
        self.0.iter().map(|fault| fault.to_json()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_as_often_as_asked_and_only_its_endpoint() {
        let mut faults = Faults::default();
        faults.add(Fault { endpoint: Endpoint::Auth, kind: FaultKind::Cut, times: 2 });
        assert_eq!(faults.take(Endpoint::Void), None);
        assert_eq!(faults.take(Endpoint::Auth), Some(FaultKind::Cut));
        assert_eq!(faults.take(Endpoint::Auth), Some(FaultKind::Cut));
        assert_eq!(faults.take(Endpoint::Auth), None);
    }

    #[test]
    fn faults_come_in_the_order_they_were_asked_for() {
        let mut faults = Faults::default();
        faults.add(Fault::once(Endpoint::Any, FaultKind::DropBefore));
        faults.add(Fault::once(Endpoint::Void, FaultKind::DropAfter));
        assert_eq!(faults.take(Endpoint::Void), Some(FaultKind::DropBefore));
        assert_eq!(faults.take(Endpoint::Auth), None);
        assert_eq!(faults.take(Endpoint::Void), Some(FaultKind::DropAfter));
    }

    #[test]
    fn a_mistake_is_named() {
        let error = |body: Value| Fault::from_json(&body).err().unwrap_or_default();
        assert!(error(json!({"endpoint": "auht", "fault": "cut"})).starts_with("endpoint:"));
        assert!(error(json!({"endpoint": "auth", "fault": "dorp"})).starts_with("fault:"));
        assert!(error(json!({"endpoint": "auth", "fault": "cut", "times": 0})).starts_with("times:"));
        assert!(error(json!({"endpoint": "auth", "fault": "status", "status": 99})).starts_with("status:"));
        assert!(error(json!({"endpoint": "auth", "fault": "delay", "delay": 5})).starts_with("delay:"));
        let code = json!({"endpoint": "auth", "fault": "respond", "respproc": "FNOR", "respcode": "913"});
        assert!(error(code).starts_with("respcode:"));
        let done =
            json!({"endpoint": "auth", "fault": "respond", "respproc": "FNOR", "respcode": "94", "done": 1});
        assert!(error(done).starts_with("done:"));
        assert!(
            error(json!({"endpoint": "auth", "fault": "arrives_late", "late_s": 0})).starts_with("late_s:")
        );
        let response = json!({"endpoint": "auth", "fault": "delivered_twice", "response": "both"});
        assert!(error(response).starts_with("response: one of first, second, neither"));
        assert!(error(json!([])).contains("object"));
    }

    #[test]
    fn what_is_listed_can_be_sent_again() {
        for body in [
            json!({"endpoint": "*", "times": 3, "status": 502, "fault": "status"}),
            json!({"endpoint": "void", "times": 1, "status": 302, "fault": "status_after"}),
            json!({"endpoint": "auth", "times": 1, "delay_ms": 7, "fault": "delay"}),
            json!({"endpoint": "auth", "times": 1, "fault": "hang_after"}),
            json!({"endpoint": "refund", "times": 1, "response": "neither", "fault": "delivered_twice"}),
            json!({"endpoint": "refund", "times": 1, "late_s": 86_400, "fault": "arrives_late"}),
            json!({"endpoint": "refund", "times": 1, "respproc": "FNOR", "respcode": "94", "done": true, "fault": "respond"}),
        ] {
            assert_eq!(Fault::from_json(&body).map(Fault::to_json), Ok(body));
        }
    }
}
