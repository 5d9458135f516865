//! Refund: give back what was taken, or a part of it.

tollgate::routes! {
    |ports: Api|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/refund" => elastic_path::refund(&ports),
    "POST /api/v1/payments/creditcard/refund" => credit_card::refund(&ports),
}
