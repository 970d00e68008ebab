//! What a page does under a pointer and a keyboard, and what it never does.

use serde_json::json;
use sock_ladder::{Drawing, html};

use crate::browser::Browser;
use crate::stage::{IMAGE, Page, SCRIPT, hostile, record};

const WINDOW: (u32, u32) = (1200, 900);

/// The calls of an element, and what lights up.
const LIT: &str = "[...document.querySelectorAll('.box.lit')].map((box) => box.dataset.ev)";

/// Of the one arrow of bytes from this call, all ends.
fn arrow(n: usize) -> String {
    format!("document.querySelectorAll('.arrow.bytes')[{n}].dataset.ev.split(' ')")
}

#[test]
fn a_page_runs_its_script_and_loads_nothing() {
    let Some(mut browser) = Browser::new() else { return };
    let page = Page::new(&hostile());
    browser.open(&page.path(), WINDOW);
    assert_eq!(browser.faults(), Vec::<String>::new());
    let requests = browser.requests();
    assert_eq!(requests, [format!("file://{}", page.path().display())]);
    assert_eq!(browser.get("document.getElementById('filter').hidden"), json!(false));
    // What was sent, and who is called so, is text.
    assert_eq!(browser.get("document.querySelectorAll('img, main script').length"), json!(0));
    assert_ne!(browser.get("document.title"), json!("run"));
    assert_eq!(
        browser.get("document.querySelector('.name').textContent.slice(0, 9)"),
        json!(&IMAGE[..9])
    );
    browser.point("document.querySelector('.arrow.bytes .line')");
    let about = browser.get("document.getElementById('about').innerText");
    assert!(about.as_str().is_some_and(|about| about.contains(SCRIPT)), "{about}");
    assert_eq!(browser.get("document.querySelectorAll('#about *').length"), json!(0));
    assert_eq!(browser.faults(), Vec::<String>::new());
    browser.close();
}

/// That the test above would see what it asserts the absence of.
#[test]
fn a_script_that_is_not_the_pages_own_is_forbidden_and_seen() {
    let Some(mut browser) = Browser::new() else { return };
    let whole = html(&hostile(), &Drawing::default());
    let page = Page::of(
        &whole.replace("</main>", "<script>document.title = 'run'</script><img src=x></main>"),
    );
    browser.open(&page.path(), WINDOW);
    assert_ne!(browser.get("document.title"), json!("run"));
    let faults = browser.faults().join("\n");
    assert!(faults.contains("script-src") && faults.contains("img-src"), "{faults}");
    let page = Page::of("<script>nothing.at.all()</script>");
    browser.open(&page.path(), WINDOW);
    assert!(browser.faults().join("\n").contains("nothing is not defined"));
    browser.close();
}

#[test]
fn a_send_lights_up_its_receive_and_nothing_else() {
    let Some(mut browser) = Browser::new() else { return };
    let page = Page::new(&record("select"));
    browser.open(&page.path(), WINDOW);
    let ends = browser.list(&arrow(0));
    let send = format!("document.querySelector('.box[data-ev=\"{}\"]')", ends[0]);
    browser.point(&send);
    let mut lit = browser.list(LIT);
    lit.sort_by_key(|ev| ends.iter().position(|end| end == ev));
    assert_eq!(lit, ends);
    let about = browser.get("document.getElementById('about').innerText");
    let about = about.as_str().unwrap();
    assert!(about.contains("\"one\"") && about.contains(&format!("#{} ", ends[1])), "{about}");
    // Away from it, and everything is as it was.
    browser.point("document.querySelector('h1')");
    assert_eq!(browser.list(LIT), Vec::<String>::new());
    assert_eq!(browser.get("document.getElementById('about').hidden"), json!(true));
    browser.close();
}

#[test]
fn the_keys_do_what_the_page_says() {
    let Some(mut browser) = Browser::new() else { return };
    let page = Page::new(&record("select"));
    browser.open(&page.path(), WINDOW);
    let here = "document.activeElement.dataset.ev ?? document.activeElement.id";
    // Through the filters to the first call.
    for id in ["proc", "conn", "call", "help"] {
        browser.press("Tab");
        assert_eq!(browser.get(here), json!(id));
    }
    browser.press("Enter");
    assert_eq!(browser.get("document.getElementById('keys').hidden"), json!(false));
    let keys = browser.get("document.getElementById('keys').innerText");
    for key in ["↓", "↑", "j", "k", "Home", "End", "n", "p", "f", "Esc"] {
        assert!(keys.as_str().is_some_and(|keys| keys.contains(key)), "{key}: {keys}");
    }
    let height = "(box) => box.y.baseVal.value";
    let all = browser.list(&format!(
        "[...document.querySelectorAll('.box[data-ev]')].sort((a, b) => ({height})(a) - ({height})(b)).map((box) => box.dataset.ev)"
    ));
    assert!(all.len() > 20, "{all:?}");
    let (first, last) = (&all[0], &all[all.len() - 1]);
    browser.press("Tab");
    assert_eq!(browser.get(here), json!(first));
    assert!(browser.list(LIT).contains(first));
    for (key, expected) in [
        ("ArrowDown", &all[1]),
        ("j", &all[2]),
        ("ArrowUp", &all[1]),
        ("k", first),
        ("k", first),
        ("End", last),
        ("ArrowDown", last),
        ("Home", first),
    ] {
        browser.press(key);
        assert_eq!(browser.get(here), json!(expected), "{key}");
        assert!(browser.list(LIT).contains(expected), "{key}");
    }
    // What has the focus is in sight, and the panel with what is known of it does not cover it.
    browser.press("End");
    let covered = "((box, about) => box.bottom > about.top || box.top < 0)(\
        document.activeElement.getBoundingClientRect(), document.getElementById('about').getBoundingClientRect())";
    assert_eq!(browser.get(covered), json!(false));
    browser.press("Escape");
    assert_eq!(browser.list(LIT), Vec::<String>::new());
    assert_eq!(browser.get("document.getElementById('keys').hidden"), json!(true));
    browser.press("f");
    assert_eq!(browser.get(here), json!("proc"));
    assert_eq!(browser.faults(), Vec::<String>::new());
    browser.close();
}

#[test]
fn a_filter_hides_the_others() {
    let Some(mut browser) = Browser::new() else { return };
    let page = Page::new(&record("select"));
    browser.open(&page.path(), WINDOW);
    let shown =
        "[...document.querySelectorAll('.box[data-ev]:not(.off)')].map((box) => box.dataset.ev)";
    let all = browser.list(shown);
    let data = "JSON.parse(document.getElementById('data').textContent)";
    for (id, column) in [("proc", 1), ("conn", 2), ("call", 3)] {
        let choices = browser
            .list(&format!("[...document.getElementById('{id}').options].map((one) => one.value)"));
        assert!(choices.len() > 3, "{id}: {choices:?}");
        let mut seen = 0;
        for choice in &choices[1..] {
            // As a reader does it: to the list with the key, and down in it.
            if id == "proc" {
                browser.press("f");
                browser.press("ArrowDown");
            } else {
                browser.get(&format!(
                    "((select) => {{ select.value = '{choice}'; select.dispatchEvent(new Event('change')); }})(document.getElementById('{id}'))"
                ));
            }
            let expected = browser.list(&format!(
                "{data}.calls.filter((call) => String(call[{column}]) === '{choice}').map((call) => String(call[0]))"
            ));
            let mut left = browser.list(shown);
            seen += left.len();
            left.retain(|ev| !expected.contains(ev));
            assert_eq!(left, Vec::<String>::new(), "{id} {choice}");
            let faint = "[...document.querySelectorAll('.box.off')].every((box) => getComputedStyle(box).opacity < 0.2)";
            assert_eq!(browser.get(faint), json!(true), "{id} {choice}");
        }
        assert!(seen > all.len() / 2, "{id}: {seen} of {}", all.len());
        browser.get(&format!(
            "((select) => {{ select.value = ''; select.dispatchEvent(new Event('change')); }})(document.getElementById('{id}'))"
        ));
        assert_eq!(browser.list(shown), all);
    }
    assert_eq!(browser.faults(), Vec::<String>::new());
    browser.close();
}
