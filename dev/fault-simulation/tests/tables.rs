//! Every settlement state for every kind of operation, and the gateway's cards that time out.

use std::env;

use fault_simulation::Table;

fn hold(table: &Table) {
    println!("{} cases; others resolved after {} runs", table.cases, table.runs_until_others_resolved);
    for (what, times) in &table.counts {
        println!("{times:>6}  {what}");
    }
    let broken = table.broken.len();
    assert!(table.broken.is_empty(), "{broken} of {} cases:\n{}", table.cases, table.broken.join("\n"));
}

#[test]
fn no_settlement_state_moves_money_twice_is_taken_for_a_decline_or_delays_other_orders() {
    let is_whole = env::var("SIMULATION").is_ok_and(|asked| asked == "whole");
    let table = fault_simulation::settlement_table(is_whole);
    assert_eq!(table.cases, 18 * 5 * 2 * 3 * if is_whole { 2 } else { 1 });
    hold(&table);
}

#[test]
fn a_card_that_times_out_at_the_gateway_leaves_its_order_payable_and_delays_no_other() {
    let table = fault_simulation::timeout_cards();
    assert_eq!(table.cases, 3 * 2 * 3 * 2);
    hold(&table);
}

#[test]
fn one_merchants_backlog_delays_no_other_merchant_and_is_worked_off_afterwards() {
    let backlogs = fault_simulation::backlogs();
    let alone = backlogs[0].runs;
    println!("{backlogs:#?}");
    for backlog in &backlogs {
        assert_eq!(backlog.failure, None, "{}", backlog.trouble);
        // Within one run more: the due orders may have to share the first.
        assert!(backlog.runs <= alone + 1, "{}: {} runs, and {alone} without", backlog.trouble, backlog.runs);
        assert!(backlog.own_runs <= 20, "{}: {} runs afterwards", backlog.trouble, backlog.own_runs);
    }
}

#[test]
fn a_request_that_arrives_up_to_two_hours_late_is_not_paid_twice_by_whoever_repeats_it() {
    let table = fault_simulation::late_requests();
    assert_eq!(table.cases, 5 * 5 * 2 * 3);
    hold(&table);
}
