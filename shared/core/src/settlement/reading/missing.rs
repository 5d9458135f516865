//! Lines that reports listed before, and that no report of their kind lists any more.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Unkept;
use crate::settlement::{
    KnownReport, Line, MISSING_MAX, MissingLine, PackedLines, ReportKind, facts::known_report::KnownReports,
};

/// The references that the reports of this run list, rows among them that cannot be read.
pub(super) struct ListedReferences(BTreeSet<(ReportKind, String)>);

impl ListedReferences {
    pub(super) fn of(unkept: &Unkept) -> Self {
        let mut all = BTreeSet::new();
        for line in unkept.packs.values().flat_map(BTreeMap::values) {
            if !line.settled.is_empty() {
                all.insert((ReportKind::Batches, line.reference.clone()));
            }
            if !line.funded.is_empty() {
                all.insert((ReportKind::Deposits, line.reference.clone()));
            }
        }
        let of_reports = unkept.reports.values();
        let of_reports = of_reports.flat_map(|report| report.unreadable.iter().map(|row| (report.kind, row)));
        let of_deposits = unkept.deposits.values().flat_map(|deposit| &deposit.unreadable);
        let rows = of_reports.chain(of_deposits.map(|row| (ReportKind::Deposits, row)));
        all.extend(rows.filter_map(|(kind, row)| Some((kind, row.id.clone()?))));
        Self(all)
    }

    fn has(&self, kind: ReportKind, reference: &str) -> bool {
        self.0.contains(&(kind, reference.to_owned()))
    }

    /// The lost parts of a pack's lines whose references no report lists any more.
    pub(super) fn lost(&self, before: &PackedLines, after: &PackedLines) -> Vec<Line> {
        let nothing = Line::default();
        let of_line = |line: &Line| {
            let now = after.lines.binary_search_by(|now| now.reference.cmp(&line.reference));
            let now = now.map_or(&nothing, |n| &after.lines[n]);
            let is_gone = |kind, is_there: bool| !is_there && !self.has(kind, &line.reference);
            let mut lost = Line { reference: line.reference.clone(), ..Line::default() };
            if is_gone(ReportKind::Batches, !now.settled.is_empty()) {
                lost.settled.clone_from(&line.settled);
            }
            if is_gone(ReportKind::Deposits, !now.funded.is_empty()) {
                lost.funded = line.funded.iter().filter(|one| one.is_money()).cloned().collect();
            }
            (!lost.is_empty()).then_some(lost)
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
            for one in funded {
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
