//! `name`: names to addresses and back.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use serde_json::Value;
use support::{Program, sock};

fn answers(arguments: &[&str]) -> Vec<String> {
    let arguments = [&["name"], arguments].concat();
    let finished = Program::run(sock(&arguments), b"").expect(0);
    assert_eq!(finished.stderr, "");
    finished.text().lines().map(str::to_owned).collect()
}

#[test]
fn a_name_has_addresses_and_an_address_has_names() {
    assert!(answers(&["localhost"]).contains(&"localhost is 127.0.0.1".to_owned()));
    let back = answers(&["127.0.0.1"]);
    assert!(back.iter().any(|line| line.starts_with("127.0.0.1 is ")), "{back:?}");
}

#[test]
fn a_family_can_be_asked_for() {
    let found = answers(&["-4", "localhost"]);
    assert!(!found.is_empty() && found.iter().all(|line| line.ends_with("127.0.0.1")), "{found:?}");
}

#[test]
fn scripts_get_one_object_a_question() {
    let lines = answers(&["--json", "localhost", "127.0.0.1"]);
    let [name, addr] = &lines[..] else { panic!("{lines:?}") };
    let name: Value = serde_json::from_str(name).expect("JSON");
    let addr: Value = serde_json::from_str(addr).expect("JSON");
    assert_eq!(name["asked"], "localhost");
    assert!(name["addresses"].as_array().expect("a list").contains(&"127.0.0.1".into()), "{name}");
    assert_eq!(
        (&addr["asked"], &addr["addresses"]),
        (&"127.0.0.1".into(), &serde_json::json!(["127.0.0.1"]))
    );
}

#[test]
fn an_unknown_name_is_status_3_and_does_not_hold_the_others_up() {
    let arguments = ["name", "no.such.host.invalid", "127.0.0.1"];
    let finished = Program::run(sock(&arguments), b"").expect(3);
    assert!(finished.text().starts_with("127.0.0.1 is "), "{}", finished.text());
    let start = "sock: cannot resolve 'no.such.host.invalid': ";
    assert!(finished.stderr.starts_with(start), "{}", finished.stderr);
}

#[test]
fn a_name_that_has_addresses_of_another_family_is_known() {
    // A numeric name has addresses of one family alone.
    let finished = Program::run(sock(&["name", "-6", "127.1"]), b"").expect(3);
    let told = "sock: '127.1' is known, and has no IPv6 address here; ask without -4 or -6\n";
    assert_eq!(finished.stderr, told);
}
