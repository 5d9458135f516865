//! Says whether a merchant's payments are stopped, and stops them: the only function that may write
//! a switch.

tollgate::routes! {
    |ports: StopSwitch|
    "GET /v2/stop" => elastic_path::get_stop(&ports),
    "PUT /v2/stop" => elastic_path::put_stop(&ports),
}
