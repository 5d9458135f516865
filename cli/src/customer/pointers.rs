//! Pointers from a customer to payments in the journal (docs/reports.md).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::{
    dynamodb::journal::{BUCKET, SORT, pointers},
    search_keys::search_key,
};
use tollgate_core::{
    journal::{FoundByText, PointedBy},
    order::{CustomerReference, CustomerTraces},
    payments::Merchant,
    values::{SearchBy, SearchTerm},
};

use crate::{aws::Aws, failure::Failure};

/// Pointers of the journal's table.
pub(super) struct Pointers {
    table: String,
    /// Their partitions and sort keys.
    all: BTreeSet<(String, String)>,
}

impl Pointers {
    /// All that lead from these traces, and of other texts of the customer those that led to the
    /// erased payments. Whether the merchant has switched them off meanwhile does not matter.
    pub(super) async fn find(
        aws: &Aws,
        table: String,
        merchant: &Merchant,
        traces: &CustomerTraces,
        lost: &[FoundByText],
    ) -> Result<Self, Failure> {
        let own = [
            (SearchBy::Customer, traces.reference.as_ref().map(CustomerReference::as_str)),
            (SearchBy::Email, traces.email.as_deref()),
        ];
        let own = own.into_iter().filter_map(|(by, text)| SearchTerm::new(by, text?));
        // None: all of them, whichever payments they lead to.
        let mut wanted: BTreeMap<SearchTerm, Option<Vec<&str>>> = own.map(|term| (term, None)).collect();
        for FoundByText { term, sort, .. } in lost.iter().filter(|found| found.term.by().is_personal()) {
            if let Some(sorts) = wanted.entry(term.clone()).or_insert_with(|| Some(Vec::new())) {
                sorts.push(sort);
            }
        }
        let mut all = BTreeSet::new();
        for (term, sorts) in wanted {
            let bucket = pointers(&merchant.id, PointedBy::Text(search_key(merchant, &term)));
            for item in aws.partition(&table, BUCKET, &bucket).await? {
                let Some(sort) = item.get(SORT).and_then(|sort| sort.as_s().ok()) else { continue };
                if sorts.as_ref().is_none_or(|sorts| sorts.contains(&sort.as_str())) {
                    all.insert((bucket.clone(), sort.clone()));
                }
            }
        }
        Ok(Self { table, all })
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) async fn delete(&self, aws: &Aws) -> Result<(), Failure> {
        for (bucket, sort) in &self.all {
            let key =
                [(BUCKET, bucket), (SORT, sort)].map(|(name, text)| (name, AttributeValue::S(text.clone())));
            aws.delete(&self.table, key).await?;
        }
        Ok(())
    }
}
