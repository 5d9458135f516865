//! Lists, one page after another, and their shared parts: filters, cursors, parts, downloads.

pub(super) mod attention;
pub(super) mod captures;
pub(super) mod cursor;
pub(super) mod downloads;
pub(super) mod entries;
pub(super) mod filter;
pub(super) mod orders;
pub(super) mod paging;
pub(super) mod reports;
pub(super) mod transactions;

pub(super) use {
    downloads::Rows,
    paging::{Paging, list_deadline},
};
