//! Capture: take an authorized amount, or a part; and authorize the rest anew.

tollgate::routes! {
    |ports: Api|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/capture" => elastic_path::capture(&ports),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize" => elastic_path::reauthorize(&ports),
    "POST /api/v1/payments/creditcard/capture" => credit_card::capture(&ports),
}
