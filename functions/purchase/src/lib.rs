//! Purchase: hold and take an amount at once.

tollgate::routes! {
    |ports: Checkout|
    "POST /v2/orders/{orderId}/payments/purchase" => elastic_path::purchase(&ports),
    "POST /api/v1/payments/creditcard/charge" => credit_card::charge(ports.paying()),
}
