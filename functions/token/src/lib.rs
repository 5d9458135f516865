//! Access tokens.

tollgate::routes! {
    |ports: Tokens|
    "POST /oauth/access_token" => elastic_path::issue_token(&ports),
}
