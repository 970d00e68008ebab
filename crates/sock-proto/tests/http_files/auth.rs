//! Who may ask: `Authorization: Basic`.

use data_encoding::BASE64;
use proptest::prelude::*;

use super::fuzz::fuzz;
use super::*;

fn offer(secret: &str) -> Offer {
    Offer { auth: Some(secret.into()), ..Offer::default() }
}

fn admits(method: Method, offer: &Offer, fields: &[(&str, &str)]) -> Result<(), Said> {
    head_of(method, b"/", fields, |head| files::admits(head, offer).map_err(Said::from))
}

fn status(secret: &str, said: &str) -> u16 {
    let fields = [("Authorization", said)];
    admits(Method::Get, &offer(secret), &fields).map_or_else(|said| said.status, |()| 200)
}

#[test]
fn who_names_the_secret_is_let_in() {
    for said in ["Basic dXNlcjpwYXNz", "basic dXNlcjpwYXNz", "BASIC   dXNlcjpwYXNz "] {
        assert_eq!(status("user:pass", said), 200, "{said}");
    }
    assert_eq!(status("u:p", "Basic dTpw"), 200);
    assert_eq!(status("u:pp", "Basic dTpwcA=="), 200);
    assert_eq!(status("\u{e9}:\u{20ac}", "Basic w6k64oKs"), 200);
    assert_eq!(admits(Method::Get, &Offer::default(), &[]), Ok(()));
}

#[test]
fn everybody_else_is_asked_for_it() {
    for said in [
        "",
        "Basic",
        "Basic ",
        "dXNlcjpwYXNz",
        "Bearer dXNlcjpwYXNz",
        "Basic: dXNlcjpwYXNz",
        "Basic dXNlcjpwYXN0",
        "Basic dXNlcjpwYXN",
        "Basic dXNlcjpwYXNzdXNlcjpwYXNz",
        "Basic dXNlcjpwYXNz=",
        "Basic dXNlcjpwYXNz ,x",
        "Basic dXNlcjp wYXNz",
        "Basic user:pass",
        "Basic DXNLCJPWYXNZ",
        "Basicx dXNlcjpwYXNz",
        "Basic =",
        "Basic dXNlcjpwYXNzdXNl",
    ] {
        assert_eq!(status("user:pass", said), 401, "{said}");
    }
    // The same bytes, written with bits that are none, or without padding.
    for said in ["Basic dTpwcB==", "Basic dTpwcA=", "Basic dTpwcA", "Basic dTpwcA==="] {
        assert_eq!(status("u:pp", said), 401, "{said}");
    }
    assert_eq!(status("", "Basic "), 401);
    assert_eq!(status("", "Basic"), 401);
    let said = admits(Method::Get, &offer("a:b"), &[]).unwrap_err();
    assert_eq!(said.field("WWW-Authenticate"), Some("Basic realm=\"sock\", charset=\"UTF-8\""));
    assert!(!said.text().contains("a:b"));
    let twice = [("Authorization", "Basic YTpi"), ("Authorization", "Basic YTpi")];
    assert_eq!(admits(Method::Get, &offer("a:b"), &twice[..1]), Ok(()));
    assert_eq!(admits(Method::Get, &offer("a:b"), &twice).unwrap_err().status, 401);
}

#[test]
fn a_browser_may_ask_without_it_whether_it_may_ask() {
    let cors = Offer { cors: true, ..offer("a:b") };
    assert_eq!(admits(Method::Options, &cors, &[]), Ok(()));
    assert!(admits(Method::Options, &offer("a:b"), &[]).is_err());
    let said = admits(Method::Get, &cors, &[]).unwrap_err();
    assert_eq!(said.field("Access-Control-Allow-Origin"), Some("*"));
}

#[test]
fn any_auth_is_taken_and_no_other() {
    fuzz(&("[^\0]{1,12}", "[^\0]{0,12}"), |(secret, other)| {
        let said = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        prop_assert_eq!(status(&secret, &said(&secret)), 200);
        prop_assert_eq!(status(&secret, &said(&other)) == 200, secret == other);
        Ok(())
    });
}
