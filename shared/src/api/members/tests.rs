use super::*;
use crate::api::body::{Names, from_json};

#[test]
fn what_a_serializer_adds_for_itself_is_no_misspelled_member() {
    let document = from_json(r#"{"$type":"A","__type":"B","$id":"1","_x":1}"#, Names::AnyCase).unwrap();
    let mut members = Members::of(&document);
    members.only(&["Amount"]);
    let failure = members.finish().unwrap_err();
    let named: Vec<_> = failure.problems().filter_map(|problem| problem.member(|_| "")).collect();
    assert_eq!(named, ["_x"]);
}
