//! Lists a merchant's transactions, movements and orders, payments that need attention and
//! scheduled captures, returns its totals, and money that reached its bank account. People note and
//! resolve money that did not.

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
    "GET /v2/reports/month" => elastic_path::report_month(&ports),
    "GET /v2/deposits" => elastic_path::list_deposits(&ports),
    "GET /v2/deposits/{depositId}" => elastic_path::get_deposit(&ports),
    "GET /v2/transactions/{transactionId}/settlement" => elastic_path::get_settlement(&ports),
    "GET /v2/settlement/outstanding" => elastic_path::list_outstanding(&ports),
    "GET /v2/settlement/exceptions" => elastic_path::list_exceptions(&ports),
    "GET /v2/settlement/exceptions/{exceptionId}" => elastic_path::get_exception(&ports),
    "POST /v2/settlement/exceptions/{exceptionId}/notes" => elastic_path::note_exception(&ports),
    "POST /v2/settlement/exceptions/{exceptionId}/resolve" => elastic_path::resolve_exception(&ports),
}
