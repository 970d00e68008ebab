//! A browser: it shows the directory page and a page with an image, and runs nothing that a file's name says.

use std::fs;
use std::process::Command;

use crate::site::{Site, serve, url};
use crate::support::{Finished, Program, Server, is_here, peer};

const HOSTILE: &str = "<img src=x onerror=alert(1)>.txt";

/// A browser that draws nothing on a screen, without a network beyond this machine.
fn browser(server: &Server, path: &str, arguments: &[&str]) -> Option<Finished> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let name = names.into_iter().find(|name| is_here(name)).unwrap_or("chromium");
    let mut command: Command = peer(name)?;
    let profile = tempfile::tempdir().expect("a temporary directory can be made");
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--no-proxy-server",
        "--timeout=20000",
    ]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.args(arguments).arg(url(server, path));
    // It complains of much that a machine without a screen lacks.
    Some(Program::run(command, b"").expect(0))
}

/// The page as it stands in the browser's memory, after its scripts have run.
fn dom(server: &Server, path: &str) -> Option<String> {
    Some(browser(server, path, &["--dump-dom"])?.text())
}

#[test]
fn the_directory_page_is_shown_and_names_stay_names() {
    let site = Site::new()
        .with(HOSTILE, "x")
        .with("a&b;<b>bold.txt", "x")
        .with("\"quotes' & blanks.txt", "quoted\n")
        .with("sub/deep.txt", "deep\n")
        .with("javascript:alert(1)", "x")
        .with("%41 100%.txt", "percent\n")
        .with("#hash?query.txt", "hash\n");
    let server = site.serve(&[]);
    let Some(page) = dom(&server, "/") else { return server.stop() };
    for name in ["&lt;img src=x onerror=alert(1)&gt;.txt", "a&amp;b;&lt;b&gt;bold.txt"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    for name in ["blanks.txt", "sub/", "javascript:alert(1)", "%41 100%.txt", "#hash?query.txt"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    assert!(!page.contains("<img") && !page.contains("<b>bold"), "{page}");
    // Each link leads to the file whose name it shows.
    let mut links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or(""));
    assert!(links.clone().all(|link| !link.starts_with("javascript:")), "{page}");
    let hash = links.find(|link| link.contains("hash")).expect("a link");
    let hash = hash.trim_start_matches("./").trim_start_matches('/').to_owned();
    assert_eq!(crate::wire::Wire::to(&server).get(&format!("/{hash}")).text(), "hash\n");
    server.stop();
}

/// A page that says in its title how large its image is, and which colour it has at the place 5, 5.
fn page_with(image: &str) -> String {
    format!(
        "<!DOCTYPE html><title>image</title><body style='margin:0'>\
         <img id=i src='{image}' style='display:block'><script src=a.js></script>"
    )
}

const WATCH: &str = "addEventListener('load', () => {
    const i = document.getElementById('i'), c = document.createElement('canvas');
    c.width = c.height = 10;
    const d = c.getContext('2d');
    d.drawImage(i, 0, 0);
    document.title = [i.naturalWidth, i.naturalHeight, ...d.getImageData(5, 5, 1, 1).data].join();
});
";

/// Page, script and image come over connections of one browser, and the picture that it takes of them, which is an
/// image in its turn, has the colour that the image was given.
#[test]
fn a_page_with_an_image_is_drawn() {
    let image = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>\
        <rect width='300' height='200' fill='#c81e14'/></svg>";
    let site = Site::new()
        .with("index.html", page_with("red.svg"))
        .with("again.html", page_with("shot.png"))
        .with("a.js", WATCH)
        .with("red.svg", image);
    let server = site.serve(&[]);
    let Some(page) = dom(&server, "/") else { return server.stop() };
    assert!(page.contains("<title>300,200,200,30,20,255</title>"), "{page}");
    let shot = site.path("shot.png");
    let option = format!("--screenshot={}", shot.display());
    browser(&server, "/", &[&option, "--window-size=400,300"]);
    let png = fs::read(&shot).expect("the browser writes it");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && (300..1_000_000).contains(&png.len()));
    let page = dom(&server, "/again.html").expect("the browser is here");
    assert!(page.contains("<title>400,300,200,30,20,255</title>"), "{page}");
    server.stop();
}

/// The pages that the server writes itself.
#[test]
fn the_pages_of_the_server_are_shown() {
    let site = Site::with_page().with("sub/a.txt", "a\n");
    let server = site.serve(&["--upload"]);
    if let Some(page) = dom(&server, "/sub/") {
        assert!(page.contains("<form") && page.contains("type=\"file\""), "{page}");
    }
    server.stop();
    let server = serve(&["http"]);
    if let Some(page) = dom(&server, "/") {
        assert!(page.contains("sock serve http"), "{page}");
    }
    server.stop();
}
