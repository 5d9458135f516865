//! Capture: take what is held, or a part of it.

tollgate::routes! {
    |ports: Api|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/capture" => elastic_path::capture(&ports),
    "POST /api/v1/payments/creditcard/capture" => credit_card::capture(&ports),
}
