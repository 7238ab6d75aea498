//! Taking a payment, once whatever is clicked.

use std::time::Duration;

use bursar::{Entry, Money};
use bursar_office::show;
use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::Visit;
use crate::gates::When;

/// The payment that is typed; no student of the sample has paid so much.
pub(crate) const AMOUNT: &str = "123.45";
/// The student who pays.
const STUDENT: &str = "1034";
const PAGE: &str = "/students/1034";

/// An amount as people see it: with the currency, and two decimals.
fn seen(money: &Money) -> String {
    let seen = show::cash(money).replace('\u{a0}', " ");
    let decimals = seen.rsplit_once('.').map(|(_, decimals)| decimals.len());
    assert!(seen.starts_with("USD ") && decimals == Some(2), "{seen}");
    seen
}

/// The one payment that has come since there were so many.
async fn the_only_new(visit: &Visit<'_>, before: usize) -> Result<Entry, Failed> {
    let payments = visit.school.payments(STUDENT).await?;
    assert_eq!(payments.len(), before + 1, "one payment is in the ledger");
    let last = payments.last().cloned().ok_or("there is a payment")?;
    assert_eq!(last.amount().to_string(), AMOUNT);
    Ok(last)
}

/// The receipt and the student's page show what the ledger says.
pub(crate) async fn shows_the_ledger(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter(PAGE).await?;
    let before = school.payments(STUDENT).await?.len();
    window.fill("#amount", AMOUNT).await?;
    window.fill("#reference", "slip 7").await?;
    window.press("#record").await?;
    let entry = the_only_new(visit, before).await?;
    let account = school.book().account(STUDENT).await?;
    assert_eq!(window.heading().await?, format!("Receipt {}", entry.receipt()));
    assert_eq!(window.said().await?, "Recorded.");
    assert_eq!(window.text("#number").await?, entry.receipt().to_string());
    assert_eq!(window.text("#amount").await?, seen(&entry.amount()));
    let facts = window.text(".facts").await?;
    assert!(facts.contains("Cash, slip 7") && facts.contains("2026-11-20 10:00 UTC by bursar"), "{facts}");
    let total = window.text("tr.total").await?;
    assert_eq!(total, format!("Balance after it {}", seen(&account.balance)));

    window.press_words("Back to the student").await?;
    let balance = if account.balance.is_negative() {
        format!("In credit: {}", seen(&account.credit()))
    } else if account.balance.is_zero() {
        format!("Nothing outstanding: {}", seen(&account.balance))
    } else {
        format!("Outstanding: {}", seen(&account.outstanding()))
    };
    assert_eq!(window.text("#balance").await?, balance);
    let terms = school.book().balances(STUDENT).await?;
    let current = terms.last().ok_or("the student has a term")?;
    let row = "section[aria-labelledby=terms] tbody tr:first-child";
    for (label, money) in [
        ("Brought forward", &current.brought_forward),
        ("Due", &current.total_due),
        ("Paid", &current.amount_paid),
        ("Balance", &current.balance),
    ] {
        let cell = window.texts(&format!("{row} [data-label='{label}']")).await?;
        assert!(cell.len() == 1 && cell[0].ends_with(&seen(money)), "{label}: {cell:?}");
    }
    let line = format!("#no-{}", entry.position);
    for (label, text) in [
        ("What", "Payment: cash, slip 7 by bursar".to_owned()),
        ("Amount", seen(&entry.effect)),
        ("Balance", seen(&account.balance)),
    ] {
        let cell = window.texts(&format!("{line} [data-label='{label}']")).await?;
        assert!(cell.len() == 1 && cell[0].ends_with(&text), "{label}: {cell:?}");
    }
    Ok(())
}

/// Back and the same form again, Reload on the receipt, Reload of a refused form: each leaves the one payment.
pub(crate) async fn back_and_reload(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, client) = (&visit.window, &visit.window.client);
    visit.enter(PAGE).await?;
    let before = visit.school.payments(STUDENT).await?.len();
    window.fill("#amount", "12,40").await?;
    window.press("#record").await?;
    assert_eq!(window.status().await?, 422, "{}", window.said().await?);
    window.lead("reload", async || client.refresh().await).await?;
    assert_eq!(window.status().await?, 422, "{}", window.said().await?);
    assert_eq!(visit.school.payments(STUDENT).await?.len(), before);
    assert_eq!(window.value("#amount").await?, "12,40", "what was typed is still there");
    window.fill("#amount", AMOUNT).await?;
    window.press("main form button").await?;
    assert_eq!(window.said().await?, "Recorded.");
    the_only_new(visit, before).await?;
    window.lead("reload", async || client.refresh().await).await?;
    the_only_new(visit, before).await?;

    window.goto(PAGE).await?;
    window.fill("#amount", "77.70").await?;
    window.press("#record").await?;
    assert_eq!(window.said().await?, "Recorded.");
    window.lead("back", async || client.back().await).await?;
    assert_eq!(window.path().await?, PAGE);
    if window.value("#amount").await?.is_empty() {
        window.fill("#amount", "77.70").await?;
    }
    window.press("#record").await?;
    let said = window.said().await?;
    assert!(said.contains("recorded already") || said.contains("Is this the same again?"), "{said}");
    let payments = visit.school.payments(STUDENT).await?;
    assert_eq!(payments.len(), before + 2, "one payment of each amount");
    Ok(())
}

/// The middle of an element that was scrolled into sight.
async fn middle(visit: &Visit<'_>, css: &str) -> Result<Value, Failed> {
    let script = "const found = document.querySelector(arguments[0]); found.scrollIntoView({ block: 'center' });
        const box = found.getBoundingClientRect(); return { x: box.x + box.width / 2, y: box.y + box.height / 2 }";
    visit.window.script(script, vec![json!(css)]).await
}

/// Clicks somewhere, for the first or the second time. The driver's own clicks wait while a page is under way.
async fn click(visit: &Visit<'_>, at: &Value, time: u32) -> Result<(), Failed> {
    for kind in ["mousePressed", "mouseReleased"] {
        let mouse = json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": time });
        let command = json!({ "cmd": "Input.dispatchMouseEvent", "params": mouse });
        visit.window.ask("goog/cdp/execute", Some(command)).await?;
    }
    Ok(())
}

/// Two clicks send the form twice while the first answer is still out, and record once; so do two in a moment.
pub(crate) async fn double_click(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter(PAGE).await?;
    let before = visit.school.payments(STUDENT).await?.len();
    window.fill("#amount", AMOUNT).await?;
    let gate = visit.school.gates.shut("post", When::After);
    let (at, page) = (middle(visit, "#record").await?, window.mark().await?);
    for time in [1, 2] {
        click(visit, &at, time).await?;
        gate.reached().await?;
    }
    gate.open();
    window.arrive("a double click", &page).await?;
    assert_eq!(
        window.said().await?,
        "This form had been recorded already, once; nothing was recorded again."
    );
    the_only_new(visit, before).await?;

    window.goto(PAGE).await?;
    window.fill("#amount", "77.70").await?;
    middle(visit, "#record").await?;
    let over = PointerAction::MoveToElement {
        element: window.find("#record").await?,
        duration: Some(Duration::ZERO),
        x: 0.0,
        y: 0.0,
    };
    let (down, up) =
        (PointerAction::Down { button: MOUSE_BUTTON_LEFT }, PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    let mouse = [over, down.clone(), up.clone(), down, up];
    let mouse = mouse.into_iter().fold(MouseActions::new("mouse".to_owned()), MouseActions::then);
    window.lead("a double click", async || window.client.perform_actions(mouse).await).await?;
    let said = window.said().await?;
    assert!(said == "Recorded." || said.contains("recorded already"), "{said}");
    assert_eq!(visit.school.payments(STUDENT).await?.len(), before + 2);
    Ok(())
}
