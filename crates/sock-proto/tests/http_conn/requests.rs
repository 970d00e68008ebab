//! Requests that are answered: methods, versions, what follows on what.

use crate::web::{COMMON, answer, answers, says, web};

#[test]
fn a_get_is_answered_to_the_byte() {
    let (said, ends) = answer(web(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = format!(
        "HTTP/1.1 200 OK\r\n{COMMON}Content-Type: text/html; charset=utf-8\r\n\
         Cache-Control: no-store\r\nContent-Length: {}\r\n\r\n",
        said.body.len()
    );
    assert_eq!(said.head, head);
    assert!(!ends);
    let body = String::from_utf8(said.body).unwrap();
    assert!(body.starts_with("<!DOCTYPE html>\n") && body.ends_with("</html>\n"));
    assert!(body.contains("<pre>GET / HTTP/1.1\r\nHost: a</pre>"), "{body}");
}

#[test]
fn head_is_get_without_the_body() {
    let (bytes, ends) = says(web(), b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let said = &answers(&bytes, &[0])[0];
    assert!(said.status == 200 && said.body.is_empty() && !ends);
    assert!(said.field("Content-Length").unwrap().parse::<u32>().unwrap() > 1000);
}
