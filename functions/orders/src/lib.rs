//! Orders and their transactions, and the response to every route that does not exist.

tollgate::routes! {
    |ports: Orders|
    "GET /status" => status::status(ports.api.switch.as_ref()),
    "PUT /v2/orders/{orderId}" => elastic_path::put_order(&ports.api),
    "GET /v2/orders/{orderId}" => elastic_path::get_order(&ports.api),
    "POST /v2/orders/{orderId}/captures/pause" => elastic_path::pause_captures(&ports.api),
    "POST /v2/orders/{orderId}/captures/resume" => elastic_path::resume_captures(&ports.api),
    "GET /v2/orders/{orderId}/transactions" => elastic_path::list_transactions(&ports.api),
    "PATCH /v2/orders/{orderId}/transactions/{transactionId}" => elastic_path::patch_transaction(&ports.api),
    "GET /v2/orders/{orderId}/transactions/{transactionId}" => elastic_path::get_transaction(&ports),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/attention/{code}/seen"
        => elastic_path::see_attention(&ports.api),
    "GET /v2/orders/{orderId}/transactions/{transactionId}/receipt" => elastic_path::get_receipt(&ports.api),
    "GET /v2/transactions/{transactionId}" => elastic_path::find_transaction(&ports),
    "GET /v2/gateways" => elastic_path::list_gateways(&ports.api),
    "GET /v2/gateways/card_connect" => elastic_path::get_gateway(&ports.api),
    _ => credit_card::unrouted(ports.paying()),
}
