//! An API that is busy, under a clock that stands still while the console does not wait.

use serde_json::json;
use tokio::time::Instant;

use super::{
    api, assert_says, bodies,
    fake::{FakeApi, NO_RESPONSE, Shown},
    payment,
};

const LIST: &str = "/v2/transactions?";
const CSV: &str = "/170200126/payments.csv";
const NOTES: &str = "/v2/settlement/exceptions/e-1/notes";

/// The seconds that a page takes.
async fn timed(page: impl Future<Output = Shown>) -> (Shown, u64) {
    let began = Instant::now();
    let shown = Box::pin(page).await;
    (shown, began.elapsed().as_secs())
}

fn count(api: &FakeApi, beginning: &str) -> usize {
    api.requests().iter().filter(|request| request.starts_with(beginning)).count()
}

#[tokio::test(start_paused = true)]
async fn a_busy_api_is_waited_for_as_long_as_it_says_or_a_second() {
    for (status, retry_after, waited) in [
        (429, None, 1),
        (429, Some("3"), 3),
        (503, Some("2"), 2),
        (429, Some("0"), 1),
        (503, Some("Thu, 26 Nov 2026 12:00:00 GMT"), 1),
    ] {
        let api = api("read");
        payment::shown(&api, &bodies::payment("paid", &[]));
        api.is_busy("GET /v2/me", status, retry_after, 1);
        let (page, seconds) = timed(api.get(payment::PAGE)).await;
        assert_eq!((page.status, seconds, count(&api, "GET /v2/me")), (200, waited, 2), "{retry_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_waited_for_too_long_says_that_tollgate_is_busy_and_leads_back() {
    for (status, retry_after, waited, requests) in [
        (429, None, 26, 27),
        (503, Some("10"), 20, 3),
        // It would not be there in time, so nobody waits for it.
        (429, Some("27"), 0, 1),
        (429, Some("18446744073709551615"), 0, 1),
    ] {
        let api = api("read");
        api.is_busy("GET /v2/me", status, retry_after, usize::MAX);
        let (page, seconds) = timed(api.get(payment::PAGE)).await;
        assert_eq!((page.status, seconds), (503, waited));
        assert_eq!(page.retry_after, retry_after.unwrap_or("1"));
        assert_says(&page.body, &["Tollgate is busy Many requests come at the same time.", "Try again"]);
        assert!(page.body.contains(&format!("href=\"{}\"", payment::PAGE)), "{}", page.body);
        assert_eq!(count(&api, "GET"), requests);
    }
}

/// A call that begins late has only the rest of the page's time.
#[tokio::test(start_paused = true)]
async fn a_page_is_there_in_time_even_if_the_last_of_its_calls_gets_no_response() {
    for (busy_s, waited, title) in [(Some("22"), 27, "is busy"), (None, 9, "does not respond")] {
        let api = api("read");
        api.is_busy("GET /v2/me", 429, busy_s, 1);
        api.says("GET", LIST, NO_RESPONSE, &json!({}));
        let (page, seconds) = timed(api.get("/170200126/payments")).await;
        assert_eq!((page.status, seconds), (503, waited));
        assert_says(&page.body, &[&format!("Tollgate {title}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_without_a_key_is_not_sent_again() {
    let api = api("operate");
    api.is_busy(&format!("POST {NOTES}"), 429, None, usize::MAX);
    let page = api.post("/170200126/exceptions/e-1", "act=note&note=Found").await;
    assert_eq!((page.status, page.retry_after.as_str()), (503, "1"));
    assert_says(&page.body, &["no money moves twice."]);
    assert_eq!(count(&api, "POST"), 1);
    // Those that a link to try it again leads to.
    let confirm = format!("{}/confirm", payment::PAGE);
    api.is_busy("POST /v2/orders", 429, None, usize::MAX);
    assert!(api.post(&confirm, "x=y").await.body.contains(&format!("href=\"{confirm}\"")));
    payment::shown(&api, &bodies::payment("paid", &[]));
    assert_eq!(api.get(&confirm).await.status, 200);
    assert_eq!(api.get("/sign-out").await.location, "/170200126/payments");
}

/// One that the gateway took, and whose response does not show it, is known by its key.
#[tokio::test(start_paused = true)]
async fn a_form_that_counts_once_is_sent_again_with_its_key_and_shown_again_if_that_does_not_help() {
    use super::act::{FORM, KEY, ROUTE, at, filled, paid, posts};
    let api = at(&paid());
    api.says("POST", ROUTE, 200, &paid());
    api.is_busy(&format!("POST {ROUTE}"), 503, Some("5"), 1);
    api.is_busy(&format!("POST {ROUTE}"), 429, None, 1);
    let (page, seconds) = timed(api.post(FORM, &filled("amount=5&step=send"))).await;
    assert_eq!((page.status, seconds), (303, 6));
    let sent = posts(&api);
    assert!(sent.len() == 3 && sent[0].contains(KEY) && sent.iter().all(|one| *one == sent[0]), "{sent:?}");

    api.is_busy(&format!("POST {ROUTE}"), 429, Some("60"), usize::MAX);
    let page = api.post(FORM, &filled("amount=5&step=send")).await;
    assert_says(
        &page.body,
        &["Tollgate is busy. Send this form again in a minute: it is carried out once.", "Refund $5.00"],
    );
    assert!(page.body.contains(KEY));
}

fn file_of_100_pages() -> FakeApi {
    let api = api("read");
    let lines = "order,amount\n".to_owned() + &"UM-1,25.99\n".repeat(100);
    for page in 0..100 {
        let next = (page < 99).then(|| format!("?part={:02}", page + 1));
        let path = if page == 0 { LIST.to_owned() } else { format!("{LIST}part={page:02}") };
        api.says_csv(&path, &lines, next.as_deref());
    }
    api
}

/// As many requests as the API's limit lets through per second.
#[tokio::test(start_paused = true)]
async fn a_file_of_10000_rows_is_complete_although_the_api_limits_reads() {
    let api = file_of_100_pages();
    api.limits_reads();
    let (page, seconds) = timed(api.get(CSV)).await;
    assert_eq!((page.status, page.body.lines().count()), (200, 10_001));
    assert!(count(&api, "GET /v2/transactions") > 100, "no request was refused");
    assert_eq!(seconds, 8);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_complete_in_time_is_a_page_that_says_so_and_no_part_of_a_file() {
    let api = file_of_100_pages();
    api.is_busy("GET /v2/transactions?part=60", 503, None, usize::MAX);
    let page = api.get(CSV).await;
    assert_eq!((page.status, page.retry_after.as_str()), (503, "1"));
    assert_says(&page.body, &["Tollgate is busy"]);
    assert!(!page.body.contains("UM-1"));
}
