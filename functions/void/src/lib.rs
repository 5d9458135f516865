//! Void: undo a payment before it settles. Elastic Path calls it cancel.

tollgate::routes! {
    |ports: Api|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel" => elastic_path::cancel(&ports),
    "POST /api/v1/payments/creditcard/void" => credit_card::void(&ports),
}
