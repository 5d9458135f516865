//! Confirm: send the gateway an inquiry about a payment in doubt, and return the outcome; or let a
//! person decide it.

tollgate::routes! {
    |ports: Confirm|
    "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm" => elastic_path::confirm(&ports),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/decide" => elastic_path::decide(&ports),
    "POST /api/v1/payments/creditcard/status" => credit_card::status(&ports.api),
}
