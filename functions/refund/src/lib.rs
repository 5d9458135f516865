//! Refund: return a captured amount, or a part.

tollgate::routes! {
    |ports: Api|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/refund" => elastic_path::refund(&ports),
    "POST /api/v1/payments/creditcard/refund" => credit_card::refund(&ports),
}
