//! The requests themselves: bounded, and refused with a code.

use serde_json::Value;

use crate::meter::{broker, close};

fn code(answer: &(u16, String)) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.1).unwrap();
    (answer.0, body["code"].as_str().unwrap().to_owned())
}

#[test]
fn bad_requests_are_refused_with_a_code() {
    let broker = broker();
    let get = |path: &str| code(&broker.admin("GET", path));
    for query in ["?after=x", "?max=0", "?max=101", "?surprise=1"] {
        assert_eq!(get(&format!("/v1/usage-windows{query}")), (400, "query_invalid".to_owned()), "{query}");
    }
    assert_eq!(get("/v1/usage-windows:close"), (405, "method_not_allowed".to_owned()));
    let acknowledge = |body: &str| code(&broker.admin_post("/v1/usage-windows:acknowledge", body));
    for body in ["", "{}", "[]", r#"{"through":-1}"#, r#"{"through":0,"more":1}"#] {
        assert_eq!(acknowledge(body), (400, "body_invalid".to_owned()), "{body}");
    }
    let long = format!(r#"{{"through":0{}}}"#, " ".repeat(5000));
    assert_eq!(acknowledge(&long), (413, "body_too_large".to_owned()));
    close(&broker);
    broker.assert_serves();
}
