//! Access tokens.

tollgate::routes! {
    |access: Access|
    "POST /oauth/access_token" => elastic_path::issue_token(&access),
}
