//! Forms that fail midway, and what they say of the files that were whole before.

use sock_proto::protocols::http::site::Missing;
use sock_proto::sim::Files;

use super::shelf::Shelf;
use super::*;

/// What a form with these files is told, and what is stored then.
fn posted(files: &[(&str, &str)]) -> (Said, Vec<String>) {
    let shelf = Shelf::new(Files::new().folder("dir").missing("long", Missing::TooLong)).room(15);
    let site: Arc<dyn Site> = Arc::new(shelf.clone());
    let offer = Offer { upload: Some(20), ..Offer::default() };
    let parts: Vec<String> = files
        .iter()
        .map(|(name, bytes)| {
            format!(
                "--B\r\nContent-Disposition: form-data; name=f; filename=\"{name}\"\r\n\r\n{bytes}\r\n"
            )
        })
        .collect();
    let body = parts.concat() + "--B--";
    let fields = [("Content-Type", "multipart/form-data; boundary=B")];
    let said = send(Method::Post, &site, &offer, "/", &fields, [body.as_bytes()]);
    assert_eq!(shelf.open(), 0);
    (said, shelf.paths())
}

#[test]
fn a_form_that_fails_midway_says_which_file_failed_and_what_is_stored() {
    for (name, bytes, status, wrong, cure) in [
        (
            "<2>",
            &*"x".repeat(21),
            413,
            "&lt;2&gt;: A file may have 20 bytes and no more.",
            "Send a smaller one, or have the server started with a higher limit. ",
        ),
        ("2", &*"x".repeat(16), 507, "2: There is no room left.", ""),
        ("dir", "x", 403, "dir: Nothing may be stored under this name.", ""),
        ("long", "x", 400, "long: The name is too long.", "Choose a shorter one. "),
    ] {
        for (before, stored, names) in [
            (&[][..], "Nothing was stored.", &[][..]),
            (&[("1", "a")][..], "The file before that was stored.", &["1"][..]),
            (&[("0", "a"), ("1", "b")], "The 2 files before that were stored.", &["0", "1"]),
        ] {
            let (said, paths) = posted(&[before, &[(name, bytes), ("3", "c")]].concat());
            assert_eq!(said.status, status, "{}", said.text());
            let text = format!("<p>{wrong}</p>\n<p>{cure}{stored}</p>");
            assert!(said.text().contains(&text), "{}", said.text());
            assert_eq!(paths, names);
        }
    }
}
