//! The keyboard alone, and where its focus is.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::Visit;
use crate::looks::name;
use crate::paying::AMOUNT;

/// So many steps lead from the top of any page here to its end.
const STEPS_MAX: usize = 150;

/// Where the focus is: whether it can be seen, and which element it is.
const FOCUS: &str = "
const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
const seen = box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth
  && box.bottom > 0 && box.top < innerHeight;
const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
return { seen, ring, tag: at.tagName, id: at.id, href: at.getAttribute('href'), text: at.innerText };
";

async fn press_key(visit: &Visit<'_>, key: char) -> Result<(), Failed> {
    let keys = KeyActions::new("keyboard".to_owned());
    let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
    Ok(visit.window.client.perform_actions(keys).await?)
}

async fn write(visit: &Visit<'_>, text: &str) -> Result<(), Failed> {
    for letter in text.chars() {
        press_key(visit, letter).await?;
    }
    Ok(())
}

/// Presses a key that leads to another page.
async fn lead(visit: &Visit<'_>, key: char) -> Result<(), Failed> {
    let page = visit.window.mark().await?;
    press_key(visit, key).await?;
    visit.window.arrive("a key", &page).await
}

/// Goes on by Tab until the focus is on what is looked for. Wherever it is on the way can be seen, and has a name.
async fn tab_to(visit: &Visit<'_>, what: &str, is: impl Fn(&Value) -> bool) -> Result<(), Failed> {
    let mut way = Vec::new();
    for _ in 0..STEPS_MAX {
        press_key(visit, Key::Tab.into()).await?;
        let at = visit.window.script(FOCUS, vec![]).await?;
        assert!(at["tag"] != "BODY", "{what}: the way has ended: {way:#?}");
        assert!(at["seen"] == true && at["ring"] == true, "the focus is not seen: {at}");
        let named = name(&visit.window, &visit.window.client.active_element().await?).await?;
        assert!(!named.is_empty(), "it has no name: {at}");
        if is(&at) {
            return Ok(());
        }
        way.push(named);
    }
    Err(format!("{what} was not found by Tab: {way:#?}").into())
}

/// From the sign-in page to a receipt.
pub(crate) async fn pays(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    let before = school.payments("1034").await?.len();
    window.goto("/").await?;
    // The field for the name has the focus already.
    write(visit, "bursar").await?;
    tab_to(visit, "the password", |at| at["id"] == "password").await?;
    write(visit, school.password).await?;
    lead(visit, Key::Enter.into()).await?;
    assert_eq!(window.heading().await?, "Dashboard");

    tab_to(visit, "the skip link", |at| at["href"] == "#main").await?;
    press_key(visit, Key::Enter.into()).await?;
    let skipped = window.script("return document.activeElement.id", vec![]).await?;
    assert_eq!(skipped, "main", "it skips the navigation");
    tab_to(visit, "the search", |at| at["id"] == "search").await?;
    write(visit, "1034").await?;
    tab_to(visit, "the button", |at| at["tag"] == "BUTTON").await?;
    lead(visit, ' ').await?;
    assert_eq!(window.path().await?, "/students?search=1034");

    tab_to(visit, "the student", |at| at["href"] == "/students/1034").await?;
    lead(visit, Key::Enter.into()).await?;
    tab_to(visit, "the amount", |at| at["id"] == "amount").await?;
    write(visit, AMOUNT).await?;
    tab_to(visit, "the method", |at| at["id"] == "method").await?;
    press_key(visit, Key::Down.into()).await?;
    let method = window.value("#method").await?;
    tab_to(visit, "the button", |at| at["id"] == "record").await?;
    lead(visit, ' ').await?;
    assert_eq!(window.said().await?, "Recorded.");
    assert_eq!(window.text("#amount").await?, format!("USD {AMOUNT}"));
    let payments = school.payments("1034").await?;
    assert_eq!(payments.len(), before + 1);
    let kind = serde_json::to_value(&payments.last().ok_or("there is a payment")?.kind)?;
    assert!(method != "cash" && kind.to_string().contains(&method), "{method}: {kind}");
    Ok(())
}
