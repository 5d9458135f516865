//! Runs that are cut, at any probe and at any request, and go on with the same command.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use super::*;
use crate::conformance::{gateway::respond, report::Conclusion};
use crate::{config::Config, simulator::Simulator};

/// The fate of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Responds,
    /// The request is processed, and its response is lost.
    Loses,
    /// The process ends before the request leaves, or after it was processed.
    CutsBefore,
    CutsAfter,
}

/// A gateway in process, the record's file, and how many requests were sent.
struct Bench {
    simulator: Simulator,
    path: PathBuf,
    sent: Rc<Cell<usize>>,
    live: Option<LiveCard>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("conformance-{}-{name}.json", std::process::id()));
        drop(std::fs::remove_file(&path));
        let simulator = Simulator::new(Config::default(), jiff::Timestamp::now);
        Self { simulator, path, sent: Rc::default(), live: None }
    }

    fn live(name: &str) -> Self {
        let mut bench = Self::new(name);
        bench.live = Some(LiveCard::new("9418594164541111", "1249").unwrap());
        bench
    }

    /// A run whose requests have the fates that `fate` gives them by their number, from 1, and that
    /// stops after `probes` probes.
    async fn run(&self, probes: usize, fate: impl Fn(usize) -> Fate + 'static) -> Result<Report, String> {
        let credentials = Credentials { username: "testing".to_owned(), password: "testing123".to_owned() };
        let (simulator, sent) = (self.simulator.clone(), Rc::clone(&self.sent));
        sent.set(0);
        let plan = Plan {
            target: Target::parse("http://127.0.0.1:1").unwrap(),
            merchid: Config::DEFAULT_MID.to_owned(),
            currency: "USD".to_owned(),
            credentials: credentials.clone(),
            fixtures: None,
            record: Some(self.path.clone()),
            live: self.live.clone(),
        };
        let gateway = Gateway::in_process(Box::new(move |message| {
            sent.set(sent.get() + 1);
            let fate = fate(sent.get());
            if fate == Fate::CutsBefore {
                return Err("cut".to_owned());
            }
            let response = respond(&simulator, &credentials, message)?;
            match fate {
                Fate::CutsAfter => Err("cut".to_owned()),
                Fate::Loses => Ok(None),
                Fate::Responds | Fate::CutsBefore => Ok(response),
            }
        }));
        let mut left = probes;
        run_at(gateway, &plan, &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await
    }

    async fn whole(&self) -> Report {
        self.run(usize::MAX, |_| Fate::Responds).await.unwrap()
    }

    /// The order ids whose payments could still take money.
    fn unvoided(&self) -> BTreeSet<String> {
        let records = self.simulator.records().into_iter();
        let open = records.filter(|record| record.state != crate::state::RecordState::Voided);
        open.filter(|record| record.state != crate::state::RecordState::Declined)
            .map(|record| record.order_id)
            .collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn names(report: &Report, conclusion: Conclusion) -> Vec<&'static str> {
    let outcomes = report.outcomes.iter().filter(|outcome| outcome.conclusion == conclusion);
    outcomes.map(|outcome| outcome.name).collect()
}

#[tokio::test]
async fn a_run_that_is_cut_after_each_probe_reports_the_same_and_sends_no_probe_twice() {
    let (whole, cut) = (Bench::new("whole"), Bench::new("cut"));
    let mut requests = (0, 0);
    for _ in 1..=3 {
        let expected = whole.whole().await;
        requests.0 += whole.sent.get();
        let mut cuts = 0;
        let report = loop {
            let result = cut.run(1, |_| Fate::Responds).await;
            // Each run begins with the account, and each later stage with a settled payment.
            requests.1 += cut.sent.get();
            match result {
                Ok(report) => break report,
                Err(error) => assert!(error.contains("the same command"), "{error}"),
            }
            cuts += 1;
        };
        let stage = expected.outcomes.last().unwrap().stage;
        let played = expected.outcomes.iter().filter(|outcome| outcome.stage == stage).count();
        assert_eq!(cuts, played, "cut after each probe of stage {stage}");
        let beginnings = if stage == 1 { cuts } else { 2 * cuts };
        requests.1 -= beginnings;
        assert_eq!(report.outcomes, expected.outcomes);
        assert_eq!(report.remaining, expected.remaining);
        assert_eq!(requests.0, requests.1, "no request of a probe was sent twice");
        assert_eq!(cut.simulator.record_count(), whole.simulator.record_count());
        whole.simulator.settle();
        cut.simulator.settle();
    }
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_of_its_requests_goes_on_and_has_all_outcomes() {
    let expected = Bench::new("uncut").whole().await;
    let bench = Bench::new("killed");
    // The next run is killed 11 requests further, once before and once after the request arrives.
    let mut kills = 0;
    let report = loop {
        let fate = if kills % 2 == 0 { Fate::CutsBefore } else { Fate::CutsAfter };
        let killed = move |number| if number == 11 { fate } else { Fate::Responds };
        match bench.run(usize::MAX, killed).await {
            Ok(report) => break report,
            Err(error) => assert_eq!(error, "cut"),
        }
        kills += 1;
    };
    assert!(kills > 10, "{kills}");
    assert_eq!(names(&report, Conclusion::Same), names(&expected, Conclusion::Same));
    assert_eq!(report.outcomes.len(), expected.outcomes.len());
}

#[tokio::test]
async fn a_probe_that_loses_a_response_is_begun_once_more_and_then_not_answered() {
    let bench = Bench::new("lost");
    // The first probe begins with the second request: a payment.
    let once = bench.run(usize::MAX, |number| if number == 2 { Fate::Loses } else { Fate::Responds }).await;
    let once = once.unwrap();
    assert_eq!(names(&once, Conclusion::NotAnswered), [] as [&str; 0]);
    assert_eq!(names(&once, Conclusion::Different), [] as [&str; 0]);
    assert_eq!((once.findings.len(), once.unexplained.len()), (0, 0));

    let bench = Bench::new("lost-often");
    let report = bench.run(usize::MAX, |number| if number % 3 == 0 { Fate::Loses } else { Fate::Responds });
    let report = report.await.unwrap();
    assert_eq!(report.outcomes.len(), once.outcomes.len(), "reported whole");
    let (missing, different) =
        (names(&report, Conclusion::NotAnswered), names(&report, Conclusion::Different));
    assert!(missing.len() > 5, "{missing:?}");
    assert_eq!(different, [] as [&str; 0]);
    assert_eq!((report.findings.len(), report.unexplained.len()), (0, 0));

    // Another run begins probes without a response anew. Only sales that were to settle are not
    // made again.
    let report = bench.whole().await;
    let hands_on = ["Sales that are to settle", "A sale whose refund is to be listed"];
    assert!(names(&report, Conclusion::NotAnswered).iter().all(|name| hands_on.contains(name)));
    bench.simulator.settle();
    let report = bench.whole().await;
    assert!(report.outcomes.len() > once.outcomes.len(), "the next stage is played");
    assert_eq!(names(&report, Conclusion::Different), [] as [&str; 0]);
}

#[tokio::test]
async fn a_live_run_leaves_nothing_unvoided_when_responses_are_lost_and_when_it_is_killed() {
    for lost in 2..=7 {
        let bench = Bench::live(&format!("live-lost-{lost}"));
        let fate = move |number| if number % lost == 0 { Fate::Loses } else { Fate::Responds };
        let report = bench.run(usize::MAX, fate).await;
        let report = if let Ok(report) = report { report } else { bench.whole().await };
        let open: BTreeSet<String> = report.open.iter().cloned().collect();
        assert!(bench.unvoided().is_subset(&open), "what is open is on record: {:?}", bench.unvoided());
        let report = bench.whole().await;
        assert_eq!((bench.unvoided(), &report.open), (BTreeSet::new(), &vec![]), "every {lost}th");
        assert_eq!(names(&report, Conclusion::NotAnswered), [] as [&str; 0], "begun anew");
        assert!(bench.simulator.record_count() > 10);
        assert!(bench.simulator.records().iter().all(|record| record.order_id.len() <= 19));
    }
    let bench = Bench::live("live-stopped");
    while bench.run(1, |_| Fate::Responds).await.is_err() {
        assert_eq!(bench.unvoided(), BTreeSet::new(), "at the end of each probe");
    }
    assert!(bench.simulator.record_count() > 10);

    let bench = Bench::live("live-killed");
    let mut kills = 0;
    loop {
        let fate = if kills % 2 == 0 { Fate::CutsBefore } else { Fate::CutsAfter };
        let killed = move |number| if number == 9 + kills % 5 { fate } else { Fate::Responds };
        let Err(_) = bench.run(usize::MAX, killed).await else { break };
        let record = std::fs::read_to_string(&bench.path).unwrap();
        assert!(bench.unvoided().iter().all(|order| record.contains(order)), "before each payment");
        assert!(!record.contains("9418594164541111") && !record.contains("testing"), "{record}");
        kills += 1;
    }
    assert!(kills > 5, "{kills}");
    let report = bench.whole().await;
    assert_eq!(bench.unvoided(), BTreeSet::new());
    // A payment that was cut off before it left could still be on its way.
    assert!(report.open.iter().all(|order| bench.simulator.records_under(order).is_empty()));
    assert_eq!(names(&report, Conclusion::Different), [] as [&str; 0]);
}
