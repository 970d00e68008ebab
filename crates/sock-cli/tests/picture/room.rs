//! Whether a page has room for what it says, in a window of any width.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::json;
use sock_ladder::joined;
use sock_record::Line;

use crate::browser::Browser;
use crate::stage::{Page, RECORDS, record};

/// The texts that a reader sees, of which some part is not in the window.
const OUTSIDE: &str = "[...document.querySelectorAll('text, li, p, h1, label, button')]
    .filter((text) => text.checkVisibility() && text.getClientRects().length > 0)
    .filter((text) => ((at) => at.left < 0 || at.right > document.documentElement.clientWidth + 0.5)(text.getBoundingClientRect()))
    .map((text) => text.textContent)";

/// What a reader sees, without its spaces.
const SEEN: &str = "[...document.querySelectorAll('text, li')]
    .filter((text) => text.checkVisibility() && text.getClientRects().length > 0)
    .map((text) => text.textContent).join('').replace(/\\s/g, '')";

/// A page that counts the dark points of a picture: at its left edge, at its right edge, everywhere.
const SCALES: &str = "<img src='data:image/png;base64,SHOT'><script>onload = () => {
        const image = document.images[0], canvas = document.createElement('canvas');
        const [width, height] = [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        const paper = canvas.getContext('2d');
        paper.drawImage(image, 0, 0);
        const dark = (x, wide) => {
            const points = paper.getImageData(x, 0, wide, height).data;
            let count = 0;
            for (let n = 0; n < points.length; n += 4) count += points[n] < 0x60;
            return count;
        };
        ink = [dark(0, 4), dark(width - 4, 4), dark(0, width)];
    };</script>";

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn no_text_is_outside_of_the_window_and_no_note_is_cut() {
    let Some(mut browser) = Browser::new() else { return };
    let mut shots: Vec<(String, String)> = Vec::new();
    for name in RECORDS {
        let lines = record(name);
        let page = Page::new(&lines);
        let said = joined(&lines);
        let notes: Vec<String> = said
            .iter()
            .filter_map(
                |line| if let Line::Note(note) = line { Some(squeezed(&note.text)) } else { None },
            )
            .collect();
        assert!(!notes.is_empty(), "{name}");
        browser.open(&page.path(), (1600, 900));
        for width in [1600, 1200, 900, 700] {
            browser.resize((width, 900));
            let seen = browser.get(SEEN);
            for note in &notes {
                let has = seen.as_str().is_some_and(|seen| seen.matches(&**note).count() == 1);
                assert!(has, "{name} at {width}: {note}: {seen}");
            }
            let outside = browser.list(OUTSIDE);
            assert_eq!(outside, Vec::<String>::new(), "{name} at {width}");
            let wide =
                "document.documentElement.scrollWidth > document.documentElement.clientWidth";
            assert_eq!(browser.get(wide), json!(false), "{name} at {width}");
            let shot = browser.shot();
            if let Some(folder) = std::env::var_os("SOCK_TESTS_SHOTS") {
                let file = Path::new(&folder).join(format!("{name}-{width}.png"));
                std::fs::write(file, BASE64.decode(shot.as_bytes()).unwrap()).unwrap();
            }
            shots.push((format!("{name} at {width}"), shot));
        }
    }
    // The pictures that it made of that: there is ink on them, and none at the edges.
    for (name, shot) in shots {
        browser.open(&Page::of(&SCALES.replace("SHOT", &shot)).path(), (400, 300));
        let ink: Vec<u64> = serde_json::from_value(browser.get("ink")).unwrap();
        assert!(ink[0] == 0 && ink[1] == 0 && ink[2] > 2_000, "{name}: {ink:?}");
    }
    browser.close();
}
