//! One function's part: requests, kills, restarts and retries, until enough kills have hit.

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use rand::{RngExt, rngs::StdRng};
use serde_json::Value;

use crate::{
    case::Case,
    function::Function,
    shop::Shop,
    tally::{Phase, Tally},
};

/// Requests that are measured, undisturbed: the first that a process gets, and the second.
const MEASURED: usize = 7;

/// Kills of one request in a row, before its client gives up for now.
const KILLS_OF_ONE_MAX: usize = 3;

/// Requests without reaching the number of kills mean that the kills come too late.
const REQUESTS_MAX: usize = 400;

pub(crate) struct Rounds {
    shop: Arc<Shop>,
    function: &'static str,
    rng: StdRng,
    /// Prepared requests, to be used first.
    ready: Vec<Case>,
    cases: Vec<Case>,
    tally: Tally,
    /// How long the first request of a process takes, and how long later ones do.
    usual: [Duration; 2],
}

/// A process, and whether it has responded before.
struct Running {
    process: Function,
    warm: bool,
}

impl Rounds {
    pub(crate) fn new(shop: Arc<Shop>, function: &'static str, rng: StdRng, ready: Vec<Case>) -> Self {
        let (cases, tally, usual) = (Vec::new(), Tally::default(), [Duration::ZERO; 2]);
        Self { shop, function, rng, ready, cases, tally, usual }
    }

    /// Kills until this many have hit, and returns the requests and the tally.
    pub(crate) async fn run(mut self, kills: usize) -> (Vec<Case>, Tally) {
        self.measure().await;
        let mut running = self.start().await;
        while self.tally.landed() < kills {
            assert!(self.cases.len() < REQUESTS_MAX, "too few kills hit: {:?}", self.tally);
            let mut case = self.case().await;
            running = self.round(&mut case, running).await;
            self.cases.push(case);
        }
        (self.cases, self.tally)
    }

    /// One request: killed, retried, perhaps killed again. Returns the process that is running in
    /// the end.
    async fn round(&mut self, case: &mut Case, mut running: Running) -> Running {
        for kill in 0..KILLS_OF_ONE_MAX {
            let is_first =
                kill == 0 || Phase::of(&self.shop, &case.order, false).await == Phase::BeforeIntent;
            self.kill(case, running, is_first).await;
            running = self.start().await;
            // Half of the clients come back at once, the others when everything has been
            // reconciled; and of those that come back, some run into the next kill.
            if self.rng.random_bool(0.5) {
                return running;
            }
            if self.rng.random_bool(0.6) {
                let is_done = Phase::of(&self.shop, &case.order, false).await == Phase::BeforeAnswer;
                let answer = self.ask(&running.process, case).await;
                running.warm = true;
                self.tally.retried(case.hear(&answer));
                if is_done {
                    assert_eq!(answer["headers"]["idempotent-replayed"], "true", "{answer}");
                }
                return running;
            }
        }
        running
    }

    /// Gives the process the request and kills it at a random moment.
    async fn kill(&mut self, case: &mut Case, running: Running, is_first: bool) {
        let mut limit = self.usual[usize::from(running.warm)] * 11 / 10;
        if self.rng.random_bool(0.3) {
            // The gateway works at once and responds late.
            let delay_ms = u64::try_from(limit.as_millis()).unwrap();
            let fault = Fault::once(self.endpoint(), FaultKind::Delay { delay_ms });
            self.shop.stack.simulator().fault(fault);
            limit *= 2;
        }
        let moment = limit.mul_f64(self.rng.random());
        let other = if self.rng.random_bool(0.15) { Some(self.start().await) } else { None };

        let id = running.process.send(&case.event).await;
        let others = match &other {
            Some(other) => Some((&other.process, other.process.send(&case.event).await)),
            None => None,
        };
        let answer = running.process.kill_after(moment, &id).await;
        if let Some((process, id)) = others {
            case.hear(&process.answer(&id).await);
        }
        if let Some(answer) = &answer {
            case.hear(answer);
        }
        let phase = Phase::of(&self.shop, &case.order, answer.is_some()).await;
        match (answer, is_first, other) {
            (None, false, _) => self.tally.killed_a_retry(),
            (None, true, Some(_)) => self.tally.killed_beside_another(),
            _ => self.tally.killed(phase),
        }
    }

    /// The usual time of a request, which says when to kill. It decides nothing else.
    async fn measure(&mut self) {
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for _ in 0..MEASURED {
            let process = self.start().await.process;
            for times in [&mut first, &mut later] {
                let mut case = self.case().await;
                let started = std::time::Instant::now();
                let answer = self.ask(&process, &case).await;
                times.push(started.elapsed());
                case.hear(&answer);
                self.cases.push(case);
            }
        }
        self.usual = [first, later].map(|mut times| {
            times.sort();
            times[MEASURED / 2]
        });
        println!(
            "{}: {:?} for a process's first request, {:?} later",
            self.function, self.usual[0], self.usual[1]
        );
    }

    async fn ask(&self, process: &Function, case: &Case) -> Value {
        let id = process.send(&case.event).await;
        process.answer(&id).await
    }

    async fn case(&mut self) -> Case {
        match self.ready.pop() {
            Some(case) => case,
            None => Case::prepare(&self.shop, self.function, self.cases.len(), &mut self.rng).await,
        }
    }

    async fn start(&self) -> Running {
        Running { process: Function::start(self.function, &self.shop).await, warm: false }
    }

    fn endpoint(&self) -> Endpoint {
        match self.function {
            "purchase" => Endpoint::Auth,
            "capture" => Endpoint::Capture,
            "refund" => Endpoint::Refund,
            _ => Endpoint::Void,
        }
    }
}
