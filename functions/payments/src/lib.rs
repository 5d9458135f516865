//! Payments whose method is in the body, as Elastic Path's clients send them.

tollgate::routes! {
    |ports: Checkout|
    "POST /v2/orders/{orderId}/payments" => elastic_path::pay(&ports),
}
