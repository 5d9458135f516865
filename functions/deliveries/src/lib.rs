//! Shows a merchant's webhooks and the deliveries to them, and sends deliveries again.

tollgate::routes! {
    |ports: Deliveries|
    "GET /v2/webhooks" => elastic_path::list_webhooks(&ports),
    "GET /v2/webhooks/{webhookId}/deliveries" => elastic_path::list_deliveries(&ports),
    "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay" => elastic_path::replay_delivery(&ports),
    "POST /v2/webhooks/{webhookId}/test" => elastic_path::test_webhook(&ports),
}
