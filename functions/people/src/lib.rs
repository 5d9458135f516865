//! Shows and changes the people who may act for a merchant under their own name, and shows their
//! actions: the only function that may write people, beside the one that issues tokens, which uses
//! an address up.

tollgate::routes! {
    |ports: Personnel|
    "GET /v2/people" => elastic_path::list_people(&ports),
    "POST /v2/people" => elastic_path::add_person(&ports),
    "PATCH /v2/people/{personId}" => elastic_path::change_person(&ports),
    "DELETE /v2/people/{personId}" => elastic_path::remove_person(&ports),
    "GET /v2/audit" => elastic_path::list_audit(&ports),
}
