//! Lists a merchant's transactions, orders and paused captures, and tells its totals.

tollgate::routes! {
    |ports: Transactions|
    "GET /v2/transactions" => elastic_path::search_transactions(&ports),
    "GET /v2/captures" => elastic_path::list_captures(&ports),
    "GET /v2/orders" => elastic_path::list_orders(&ports),
    "GET /v2/reports/totals" => elastic_path::report_totals(&ports),
}
