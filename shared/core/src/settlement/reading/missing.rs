//! Lines that reports listed before, and that no report of their kind lists any more.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Unkept;
use crate::settlement::{
    Funded, KnownReport, Line, MISSING_MAX, MissingLine, PackedLines, ReportKind,
    facts::known_report::KnownReports,
};

/// The references that the reports of this run list, by kind, with those of unreadable rows.
pub(super) struct ListedReferences(BTreeMap<ReportKind, BTreeSet<String>>);

impl ListedReferences {
    pub(super) fn of(unkept: &Unkept) -> Self {
        let (mut settled, mut funded) = (BTreeSet::new(), BTreeSet::new());
        for line in unkept.packs.values().flat_map(BTreeMap::values) {
            if !line.settled.is_empty() {
                settled.insert(line.reference.clone());
            }
            if !line.funded.is_empty() {
                funded.insert(line.reference.clone());
            }
        }
        let mut all = BTreeMap::from([(ReportKind::Batches, settled), (ReportKind::Deposits, funded)]);
        for report in unkept.reports.values() {
            let rows = report.unreadable.iter().filter_map(|row| row.id.clone());
            all.entry(report.kind).or_default().extend(rows);
        }
        let rows = unkept.deposits.values().flat_map(|deposit| &deposit.unreadable);
        all.entry(ReportKind::Deposits).or_default().extend(rows.filter_map(|row| row.id.clone()));
        Self(all)
    }

    fn has(&self, kind: ReportKind, reference: &str) -> bool {
        self.0.get(&kind).is_some_and(|all| all.contains(reference))
    }

    /// The lost parts of a pack's lines whose references no report lists any more.
    pub(super) fn lost(&self, before: &PackedLines, after: &PackedLines) -> Vec<Line> {
        let nothing = Line::default();
        let of_line = |line: &Line| {
            let now = after.lines.binary_search_by(|now| now.reference.cmp(&line.reference));
            let now = now.map_or(&nothing, |n| &after.lines[n]);
            let is_gone = |kind, was_there: bool, is_there: bool| {
                was_there && !is_there && !self.has(kind, &line.reference)
            };
            let is_money = line.funded.iter().any(Funded::is_money);
            let is_unsettled =
                is_gone(ReportKind::Batches, !line.settled.is_empty(), !now.settled.is_empty());
            let is_unfunded = is_gone(ReportKind::Deposits, is_money, !now.funded.is_empty());
            (is_unsettled || is_unfunded).then(|| Line {
                reference: line.reference.clone(),
                settled: if is_unsettled { line.settled.clone() } else { Vec::new() },
                funded: if is_unfunded { line.funded.clone() } else { Vec::new() },
            })
        };
        before.lines.iter().filter_map(of_line).collect()
    }

    /// Notes lost lines in the reports of this run. Returns those of other days of which lines were
    /// missing: some may be listed again.
    pub(super) fn note_missing(
        &self,
        known: &KnownReports,
        reports: &mut KnownReports,
        lost: Vec<Line>,
    ) -> Vec<KnownReport> {
        let mut others = Vec::new();
        for (key, before) in known.iter().filter(|(_, before)| !before.missing.is_empty()) {
            let mut missing = before.missing.clone();
            missing.retain(|line| !self.has(key.0, &line.reference));
            match reports.get_mut(key) {
                Some(report) => report.missing = missing,
                None => others.push(KnownReport { missing, ..before.clone() }),
            }
        }
        for Line { reference, settled, funded } in lost {
            for one in settled {
                if let Some(report) = reports.get_mut(&(ReportKind::Batches, one.day)) {
                    report.miss(one.batch, &reference);
                }
            }
            for one in funded.into_iter().filter(Funded::is_money) {
                // The lines of a deposit that is gone are gone with it.
                let lists = |report: &&mut KnownReport| {
                    report.kind == ReportKind::Deposits && report.names.contains(&one.deposit)
                };
                if let Some(report) = reports.values_mut().find(lists) {
                    report.miss(one.deposit, &reference);
                }
            }
        }
        others
    }
}

impl KnownReport {
    fn miss(&mut self, of: String, reference: &str) {
        let line = MissingLine { of, reference: reference.to_owned() };
        let others = self.missing.iter().filter(|one| one.of == line.of).count();
        match self.missing.binary_search(&line) {
            Err(place) if others < MISSING_MAX => self.missing.insert(place, line),
            Ok(_) | Err(_) => {}
        }
    }
}
