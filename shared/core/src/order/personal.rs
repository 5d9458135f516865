//! How long an order says who paid, where the merchant set a limit.

use jiff::Timestamp;

use super::Order;

impl Order {
    /// When a schedule has to look at the order next: to send an inquiry, or to forget who paid.
    pub fn next_look_at(&self) -> Option<Timestamp> {
        let personal = self.transactions.iter().filter_map(|found| found.memo.as_ref()?.personal_until);
        self.next_inquiry_at().into_iter().chain(personal).min()
    }

    /// Forgets who made the payments whose time is up. Tells whether there was one. Nothing that a rule depends on changes:
    /// neither fingerprints nor what a repeated request gets hold a name or an address.
    pub fn forget_who_paid(&mut self, now: Timestamp) -> bool {
        let mut forgot = false;
        for memo in self.transactions.iter_mut().filter_map(|found| found.memo.as_mut()) {
            if memo.personal_until.is_some_and(|until| until <= now) {
                memo.forget_who_paid();
                forgot = true;
            }
        }
        forgot
    }
}
