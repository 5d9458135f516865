//! Orders and their transactions, and the response to every route that there is not.

tollgate::routes! {
    |ports: Api|
    "GET /status" => status::status(ports.switch.as_ref()),
    "PUT /v2/orders/{orderId}" => elastic_path::put_order(&ports),
    "GET /v2/orders/{orderId}" => elastic_path::get_order(&ports),
    "GET /v2/orders/{orderId}/transactions" => elastic_path::list_transactions(&ports),
    "PATCH /v2/orders/{orderId}/transactions/{transactionId}" => elastic_path::patch_transaction(&ports),
    "GET /v2/orders/{orderId}/transactions/{transactionId}" => elastic_path::get_transaction(&ports),
    _ => credit_card::unrouted(&ports),
}
