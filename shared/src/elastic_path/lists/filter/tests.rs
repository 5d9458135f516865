use tollgate_core::values::Zone;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn predicates(text: &str) -> Vec<Predicate> {
    parse::<Filter>(text, &Zone::default()).unwrap().predicates
}

/// The members that are named, with the sentences about them.
fn wrong(text: &str) -> Vec<String> {
    let problems = parse::<Filter>(text, &Zone::default()).unwrap_err();
    problems.iter().map(|problem| problem.sentence(|_| "")).collect()
}

#[test]
fn each_field_is_compared_as_elastic_path_writes_it() {
    assert_eq!(parse::<Filter>("", &Zone::default()).unwrap(), Filter::default());
    for (text, expected) in [
        ("eq(status,complete)", Predicate::Status(vec![TransactionStatus::Done])),
        (
            "in(status,complete,\"failed\")",
            Predicate::Status(vec![TransactionStatus::Done, TransactionStatus::Failed]),
        ),
        ("eq(brand,american express)", Predicate::Brand(vec![Brand::Amex])),
        ("eq(approved,true)", Predicate::Approved(true)),
        ("eq(approved,false)", Predicate::Approved(false)),
        ("eq(last_four,0441)", Predicate::LastFour("0441".to_owned())),
        ("eq(approval_code,pps123)", Predicate::ApprovalCode("pps123".to_owned())),
        ("gt(amount,100)", Predicate::Amount(Is::More(100))),
        ("le(captured_amount,0)", Predicate::Captured(Is::AtMost(0))),
        ("in(amount,1,2)", Predicate::Amount(Is::OneOf(vec![1, 2]))),
        ("eq(needs_attention,true)", Predicate::NeedsAttention(Vec::new())),
        ("eq(needs_attention,found_late)", Predicate::NeedsAttention(vec![Concern::FoundLate])),
        (
            "le(authorization_expires_at,2026-11-21T00:00:00Z)",
            Predicate::AuthorizationExpiresAt(Is::AtMost(at("2026-11-21T00:00:00Z"))),
        ),
        (
            " lt( next_capture_attempt , 2026-11-21T06:00:00+02:00 ) ",
            Predicate::NextCaptureAttempt(Is::Less(at("2026-11-21T04:00:00Z"))),
        ),
    ] {
        assert_eq!(predicates(text), [expected], "{text}");
    }
    assert_eq!(predicates("eq(currency,USD):lt(amount,5)").len(), 2);
}

#[test]
fn times_make_a_range_and_a_day_is_all_of_its_moments() {
    let range = |text| {
        let Range { since, until } = parse::<Filter>(text, &Zone::default()).unwrap().range;
        (since, until)
    };
    let (begin, end) = (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
    for (text, expected) in [
        ("eq(created_at,2026-11-20)", (Some(begin), Some(end))),
        ("ge(created_at,2026-11-20):lt(created_at,2026-11-21)", (Some(begin), Some(end))),
        ("ge(created_at,2026-11-20):le(created_at,2026-11-20)", (Some(begin), Some(end))),
        ("gt(created_at,2026-11-19)", (Some(begin), None)),
        ("lt(created_at,2026-11-21T00:00:00Z)", (None, Some(end))),
        ("gt(created_at,2026-11-19T23:59:59.999Z)", (Some(begin), None)),
        ("le(created_at,2026-11-20T23:59:59.999Z)", (None, Some(end))),
        // The narrower one of two.
        ("ge(created_at,2026-01-01):ge(created_at,2026-11-20)", (Some(begin), None)),
    ] {
        assert_eq!(range(text), expected, "{text}");
    }
    assert_eq!(predicates("eq(authorization_expires_at,2026-11-20)").len(), 2);
}

#[test]
fn a_day_is_one_of_the_time_zone() {
    let range = |zone: &str, text| {
        let Range { since, until } = parse::<Filter>(text, &zone.parse().unwrap()).unwrap().range;
        (since.unwrap(), until.unwrap())
    };
    let night = (at("2026-11-01T04:00:00Z"), at("2026-11-02T05:00:00Z"));
    assert_eq!(range("America/New_York", "eq(created_at,2026-11-01)"), night, "clocks go back");
    let days = (at("2026-11-19T18:15:00Z"), at("2026-11-21T18:15:00Z"));
    let text = "ge(created_at,2026-11-20):le(created_at,2026-11-21)";
    assert_eq!(range("Asia/Kathmandu", text), days);
    // A moment is the same everywhere.
    let moments = (at("2026-11-20T18:00:00Z"), at("2026-11-20T19:00:00Z"));
    let text = "ge(created_at,2026-11-20T18:00:00Z):lt(created_at,2026-11-20T19:00:00Z)";
    assert_eq!(range("Asia/Kathmandu", text), moments);
}

#[test]
fn a_time_without_an_offset_is_one_of_the_time_zone_and_loses_nothing_where_clocks_change() {
    let range = |text| {
        let zone = "America/New_York".parse().unwrap();
        let Range { since, until } = parse::<Filter>(text, &zone).unwrap().range;
        (since, until)
    };
    for (text, since, until) in [
        ("ge(created_at,2026-11-20T13:00)", "2026-11-20T18:00:00Z", ""),
        ("ge(created_at,2026-11-20T13:00:00.5)", "2026-11-20T18:00:00.5Z", ""),
        ("le(created_at,2026-11-20T13:00:00)", "", "2026-11-20T18:00:00.001Z"),
        ("eq(created_at,2026-11-20T13:00)", "2026-11-20T18:00:00Z", "2026-11-20T18:00:00.001Z"),
        // Clocks go back from two to one o'clock: from the first half past one to the second.
        (
            "ge(created_at,2026-11-01T01:30):lt(created_at,2026-11-01T01:30)",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
        ),
        ("gt(created_at,2026-11-01T01:30)", "2026-11-01T05:30:00.001Z", ""),
        // Clocks go forward from two to three o'clock.
        (
            "ge(created_at,2026-03-08T02:30):lt(created_at,2026-03-08T02:45)",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:00:00Z",
        ),
    ] {
        let moment = |text: &str| (!text.is_empty()).then(|| at(text));
        assert_eq!(range(text), (moment(since), moment(until)), "{text}");
    }
    let utc = predicates("le(authorization_expires_at,2026-11-21T06:00)");
    assert_eq!(utc, [Predicate::AuthorizationExpiresAt(Is::AtMost(at("2026-11-21T06:00:00Z")))]);
    for no_time in ["2026-11-20T13", "2026-11-20 13:00", "2026-11-20T13:00[UTC]", "2026-11-20T25:00"] {
        let filter = format!("ge(created_at,{no_time})");
        assert!(wrong(&filter)[0].starts_with("filter.created_at must be a time"), "{no_time}");
    }
}

#[test]
fn what_is_wrong_is_named_by_field_and_all_of_it() {
    for (text, says) in [
        ("status=complete", "filter must be conditions such as eq(status,complete)"),
        ("eq(status,complete", "filter must be conditions"),
        ("eq(status,complete):", "filter must be conditions"),
        ("eq()", "filter must be conditions"),
        ("eq(st atus,x)", "filter must be conditions"),
        ("eq(status)", "filter.status has no value"),
        ("eq(status,)", "filter.status has no value"),
        ("eq(status,paid)", "filter.status must be one of complete, failed, pending, cancelled"),
        ("eq(status,complete,failed)", "filter.status takes one value with eq"),
        ("like(status,com*)", "filter.status takes eq and in"),
        ("eq(email,a@b.example)", "filter.email is no field of a filter; there are created_at, status"),
        ("eq(currency,dollars)", "filter.currency must be a currency's code"),
        ("eq(amount,25.99)", "filter.amount must be a whole number of minor units"),
        ("eq(amount,-1)", "filter.amount must be"),
        ("eq(amount,99999999999999999999)", "filter.amount must be"),
        ("eq(last_four,144)", "filter.last_four takes eq and four digits"),
        ("in(last_four,1443,1444)", "filter.last_four takes one value"),
        ("in(approval_code,1,2)", "filter.approval_code takes one value"),
        ("eq(approval_code,1-2)", "filter.approval_code takes eq and letters and digits, as on a receipt"),
        ("eq(needs_attention,false)", "filter.needs_attention must be one of in_doubt"),
        ("eq(created_at,yesterday)", "filter.created_at must be a time such as"),
        ("eq(created_at,9999-12-31)", "filter.created_at must be a time"),
        ("in(created_at,2026-11-20)", "filter.created_at takes eq, gt, ge, lt and le"),
    ] {
        let found = wrong(text);
        assert!(found.iter().any(|sentence| sentence.starts_with(says)), "{text}: {found:?}");
    }
    let both = wrong("eq(status,paid):eq(amount,x)");
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(wrong(&"x".repeat(2_001)), ["filter must have at most 2000 characters"]);
    let many = format!("in(amount{})", ",1".repeat(51));
    assert_eq!(wrong(&many), ["filter.amount takes 50 values at most"]);
}

#[test]
fn what_is_kept_of_a_filter_says_nothing_of_a_customer() {
    for (stated, kept) in [
        ("", ""),
        ("eq(fact,refunded):ge(created_at,2026-11-20)", "eq(fact,refunded):ge(created_at,2026-11-20)"),
        ("eq(customer_email,ann@mail.example)", "eq(customer_email,…)"),
        ("eq(status,complete):in(customer_id,\"a:b\",c)", "eq(status,complete):in(customer_id,…)"),
        ("eq( custom_reference , \"Ann Lee, 12 Main St\")", "eq( custom_reference ,…)"),
    ] {
        assert_eq!(super::without_customers(stated), kept);
    }
}
