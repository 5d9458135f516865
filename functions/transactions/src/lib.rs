//! Lists a merchant's transactions, movements and orders, what needs attention and what is to be captured, and tells its
//! totals.

tollgate::routes! {
    |ports: Transactions|
    "GET /v2/transactions" => elastic_path::search_transactions(&ports),
    "GET /v2/attention" => elastic_path::list_attention(&ports),
    "GET /v2/captures" => elastic_path::list_captures(&ports),
    "GET /v2/captures/daily" => elastic_path::sum_captures(&ports),
    "GET /v2/me" => elastic_path::get_me(&ports),
    "GET /v2/entries" => elastic_path::list_entries(&ports),
    "GET /v2/orders/{orderId}/entries" => elastic_path::list_order_entries(&ports),
    "GET /v2/orders" => elastic_path::list_orders(&ports),
    "GET /v2/reports/totals" => elastic_path::report_totals(&ports),
}
