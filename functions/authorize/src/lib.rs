//! Authorize: hold an amount on a card.

tollgate::routes! {
    |ports: Checkout|
    "POST /v2/orders/{orderId}/payments/authorize" => elastic_path::authorize(&ports),
    "POST /api/v1/payments/creditcard/authorize" => credit_card::authorize(ports.paying()),
}
