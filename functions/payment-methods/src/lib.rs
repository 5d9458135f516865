//! Stored cards: to be verified, listed, changed and deleted.

tollgate::routes! {
    |ports: StoredCards|
    "POST /v2/payment-methods" => elastic_path::create_payment_method(&ports),
    "GET /v2/payment-methods" => elastic_path::list_payment_methods(&ports),
    "GET /v2/payment-methods/{paymentMethodId}" => elastic_path::get_payment_method(&ports),
    "PUT /v2/payment-methods/{paymentMethodId}" | "PATCH /v2/payment-methods/{paymentMethodId}"
        => elastic_path::update_payment_method(&ports),
    "DELETE /v2/payment-methods/{paymentMethodId}" => elastic_path::delete_payment_method(&ports),
}
