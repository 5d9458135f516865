//! The sessions of one browser, one for each merchant.

use lambda_http::{Body, Request, Response};

use crate::{
    session::Session,
    settings::Console,
    store::StoreFailure,
    web::{Cookie, session_cookies},
};

/// Most merchants at which a browser is signed in. The longest address, so many cookies and the
/// browser's own headers have to fit into the 10,240 bytes that API Gateway takes. No page reads
/// more sessions, however many cookies it gets.
pub(crate) const SESSIONS_MAX: usize = 8;

/// A cookie of a merchant, and its session, which may be over.
pub(crate) struct Kept {
    merchant: String,
    cookie: String,
    pub(crate) session: Option<Session>,
}

impl Console {
    /// The browser's sessions. No use of them is noted.
    pub(crate) async fn kept(&self, request: &Request) -> Result<Vec<Kept>, StoreFailure> {
        let mut all = Vec::new();
        for (merchant, cookie) in session_cookies(request).take(SESSIONS_MAX) {
            let session = self.found(merchant, cookie).await?;
            all.push(Kept { merchant: merchant.to_owned(), cookie: cookie.to_owned(), session });
        }
        Ok(all)
    }

    /// The merchants at which the browser is signed in.
    pub(crate) async fn signed_in_at(&self, request: &Request) -> Result<Vec<String>, StoreFailure> {
        let (now, all) = (self.clock.now(), self.kept(request).await?);
        let sessions = all.into_iter().filter_map(|kept| kept.session);
        Ok(sessions.filter(|session| !session.is_over(now)).map(|session| session.merchant).collect())
    }

    /// Ends a session and clears its cookie.
    pub(crate) async fn end(&self, kept: &Kept, response: &mut Response<Body>) -> Result<(), StoreFailure> {
        if kept.session.is_some() {
            self.end_session(&kept.cookie).await?;
        }
        Cookie::Session(&kept.merchant).clear(response);
        Ok(())
    }

    /// Makes room for the session at a merchant. If the browser has too many others, the one that
    /// was left the longest ago ends: the person misses it least.
    pub(crate) async fn make_room(
        &self,
        request: &Request,
        merchant: &str,
        response: &mut Response<Body>,
    ) -> Result<(), StoreFailure> {
        // A sign-in is renewed every 15 minutes: sessions are read only where there are too many.
        if session_cookies(request).filter(|(other, _)| *other != merchant).count() < SESSIONS_MAX {
            return Ok(());
        }
        let mut others = self.kept(request).await?;
        others.retain(|kept| kept.merchant != merchant);
        // A cookie without a session comes before all sessions.
        let oldest = others.iter().min_by_key(|kept| kept.session.as_ref().map(|session| session.seen));
        match oldest.filter(|_| others.len() == SESSIONS_MAX) {
            Some(oldest) => self.end(oldest, response).await,
            None => Ok(()),
        }
    }
}
