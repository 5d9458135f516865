//! Reads the journal: lists a merchant's transactions, and tells its totals.

tollgate::routes! {
    |ports: Transactions|
    "GET /v2/transactions" => elastic_path::search_transactions(&ports),
    "GET /v2/reports/daily" => elastic_path::report_daily(&ports),
}
