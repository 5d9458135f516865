use secrecy::ExposeSecret as _;

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + minutes * 60).unwrap()
}

fn delivery(failures: u32, since: Option<Timestamp>) -> Delivery {
    let to = ReceiverKey { merchant: "m".parse().unwrap(), receiver: "r".parse().unwrap() };
    let (event, kind) = (Uuid::nil(), "order.paid".to_owned());
    Delivery { to, event, at: at(0), kind, body: "{}".to_owned(), failures, since }
}

#[test]
fn delays_grow_the_last_attempt_is_after_three_days_and_then_it_is_parked() {
    let (mut now, mut delivery, mut attempts) = (at(0), delivery(0, None), Vec::new());
    while let Some(then) = delivery.next_attempt_at(now, SignedDuration::ZERO) {
        delivery.since.get_or_insert(now);
        delivery.failures += 1;
        attempts.push(then.duration_since(at(0)).as_mins());
        now = then;
    }
    assert_eq!(attempts, [1, 6, 36, 156, 456, 1056, 1776, 2496, 3216, 3936, 4320]);
    assert!(delivery.is_over(now));
}

#[test]
fn what_was_never_tried_for_three_days_is_over_too() {
    assert!(!delivery(0, None).is_over(at(1_000_000)));
    assert!(!delivery(0, Some(at(0))).is_over(at(4319)));
    assert!(delivery(0, Some(at(0))).is_over(at(4320)));
}

#[test]
fn a_receiver_is_down_after_five_failures_in_a_row_and_is_then_probed_ever_more_rarely() {
    let quick = SignedDuration::ZERO;
    let failing = Health::default().after(4, 0, quick, at(0));
    assert!(failing.takes_first_attempts(at(0)) && failing.at_a_time(at(0), 8) == 8);
    assert_eq!(failing.after(1, 1, quick, at(0)), Health::default(), "a success ends the row");
    let mut health = failing.after(8, 0, quick, at(0));
    let (mut now, mut waits) = (at(0), Vec::new());
    for _ in 0..8 {
        let until = health.aside_until.unwrap();
        assert!(!health.takes_first_attempts(now));
        assert_eq!((health.at_a_time(now, 8), health.at_a_time(until, 8)), (0, 1));
        waits.push(until.duration_since(now).as_mins());
        now = until;
        health = health.after(1, 0, quick, now);
    }
    assert!(waits.is_sorted() && waits[0] == 1 && waits[7] == 30, "{waits:?}");
    let up = health.after(0, 1, quick, now);
    assert!(up.takes_first_attempts(now) && up.at_a_time(now, 8) == 8);
}

#[test]
fn a_slow_receiver_gets_first_attempts_from_the_schedule_for_a_while() {
    let slow = Health::default().after(0, 1, SignedDuration::from_secs(9), at(0));
    assert!(!slow.takes_first_attempts(at(9)) && slow.takes_first_attempts(at(10)));
    assert_eq!(slow.at_a_time(at(0), 8), 8, "the schedule goes on");
    // One that was quick does not end it, and it is not kept for longer.
    let after = |minute| slow.after(0, 1, SignedDuration::ZERO, at(minute)).aside_until;
    assert_eq!([after(9), after(10), after(11)], [Some(at(10)), None, None]);
    assert!(!slow.is_down());
}

#[test]
fn only_addresses_of_the_public_internet_are_public() {
    for public in [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "172.32.0.1",
        "2606:4700::1111",
        "2a00:1::1",
        "2001:4860::1",
        "2001:200::1",
        "3fff:1000::1",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for other in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(other.parse().unwrap()), "{other}");
    }
}

#[test]
fn a_receiver_gets_the_types_that_it_wants_and_nothing_while_it_is_disabled() {
    let (id, secrets) = ("r".parse().unwrap(), vec![Secret::from(vec![7; 32])]);
    let (url, kinds) = ("https://example.com".to_owned(), Vec::new());
    let format = MessageFormat::Standard { secrets, secret_key: Some("seven 7".into()) };
    let mut receiver = Receiver { id, url, format, kinds, is_disabled: false };
    let wants =
        |receiver: &Receiver, kind: &str| KnownReceiver::new(&"m".parse().unwrap(), receiver).wants(kind);
    assert!(wants(&receiver, "order.paid"));
    receiver.kinds.push("order.refunded".to_owned());
    assert!(wants(&receiver, "order.refunded") && !wants(&receiver, "order.paid"));
    assert!(!format!("{receiver:?}").contains('7'), "no secret is shown");
    let MessageFormat::Standard { secrets, .. } = &receiver.format else { panic!("another format") };
    assert_eq!(format!("{secrets:?}"), "[SecretBox<[u8]>([REDACTED])]");
    assert_eq!(secrets[0].expose_secret(), [7; 32]);
    let format = MessageFormat::ElasticPath { secret_key: "seven 7".into() };
    assert!(!format!("{format:?}").contains('7'), "nor one of the other format");
    receiver.is_disabled = true;
    assert!(!wants(&receiver, "order.refunded"));
    let longest = "x".repeat(64);
    assert_eq!(longest.parse::<ReceiverId>().unwrap().to_string(), longest);
    assert_eq!(delivery(0, None).to.to_string(), "m#r");
    for wrong in ["", "a b", "a#b", &"x".repeat(65)] {
        assert!(wrong.parse::<ReceiverId>().is_err(), "{wrong}");
    }
}

#[test]
fn a_receiver_that_asks_for_a_wait_is_left_alone_for_that_long_and_an_hour_at_most() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let minutes = SignedDuration::from_mins;
    for (asked, waits) in [(0, 0), (10, 10), (59, 59), (600, 60), (i64::MAX / 60_000, 60)] {
        let health = Health::default().left_alone(minutes(asked), now);
        let end = now + minutes(waits);
        assert!(health.takes_first_attempts(end) && health.at_a_time(end, 8) == 8, "{asked}");
        let before = end - SignedDuration::from_millis(1);
        assert!(waits == 0 || !health.takes_first_attempts(before) && health.at_a_time(before, 8) == 0);
        let delivery = delivery(0, None);
        // Not before its own delay, either.
        assert_eq!(delivery.next_attempt_at(now, minutes(asked)), Some(now + minutes(waits.max(1))));
    }
    // A failure afterwards does not end the wait.
    let health = Health::default().left_alone(minutes(10), now).after(1, 0, SignedDuration::ZERO, now);
    assert!(!health.takes_first_attempts(now + minutes(9)));
}
