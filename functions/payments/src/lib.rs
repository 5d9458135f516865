//! Payments whose method is in the body, as Elastic Path's clients send them, and the surcharge
//! that would be added to one.

tollgate::routes! {
    |ports: Checkout|
    "POST /v2/orders/{orderId}/payments" => elastic_path::pay(&ports),
    "POST /v2/surcharge" => elastic_path::preview_surcharge(&ports),
}
