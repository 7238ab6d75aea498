//! What only the head does.

use bursar::{EntryKind, TermId};
use libtest_mimic::Failed;

use crate::Visit;
use crate::gates::When;
use crate::paying::AMOUNT;

/// The next term is activated; its progress is shown until it is done.
pub(crate) async fn activates(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter("/terms").await?;
    window.press("a[href='/terms/2027-1']").await?;
    window.press_words("Activate").await?;
    let gate = school.gates.shut("bill", When::Before);
    window.press_words("Activate Term 1, 2027").await?;
    gate.reached().await?;
    assert_eq!(window.heading().await?, "Activation of Term 1, 2027");
    // The page loads itself again until there is something else to show.
    let page = window.mark().await?;
    window.arrive("the page loads itself again", &page).await?;
    let shown = window.until("the progress", async || {
        Ok(Some(window.client.find(fantoccini::Locator::Css("main p[role=status]")).await?.text().await?))
    });
    let shown = shown.await?;
    assert!(shown.starts_with("0 of ") && shown.contains("accounts seen"), "{shown}");
    gate.open();
    let done = window.until("the run is done", async || {
        let said = window.client.find(fantoccini::Locator::Css(".say")).await?.text().await?;
        Ok(said.starts_with("Done:").then_some(said))
    });
    let (done, next) = (done.await?, TermId::new(2027, 1)?);
    let summary = school.book().term_summary(next).await?;
    assert_eq!(school.book().current_term().await?, Some(next));
    assert!(summary.total.accounts > 100, "{done}");
    window.press_words("To the dashboard").await?;
    assert_eq!(window.text("#collection").await?, "Collection of Term 1, 2027");
    Ok(())
}

/// A payment is reversed, once, and the statement says so.
pub(crate) async fn reverses(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter("/students/1034").await?;
    let before = window.text("#balance").await?;
    window.fill("#amount", AMOUNT).await?;
    window.press("#record").await?;
    window.press_words("Back to the student").await?;
    assert_ne!(window.text("#balance").await?, before);
    let paid = school.payments("1034").await?.last().ok_or("there is a payment")?.position;
    window.press(&format!("a[aria-label='Reverse no. {paid}']")).await?;
    window.fill("#reason", "entered twice").await?;
    window.press_words("Reverse it").await?;
    assert_eq!(window.said().await?, "Recorded.");
    assert_eq!(window.text("#balance").await?, before, "every figure is as before");
    let line = window.text(&format!("#no-{}", paid + 1)).await?;
    assert!(line.contains(&format!("Reversal of no. {paid}: entered twice")), "{line}");
    assert!(!window.has(&format!("a[aria-label='Reverse no. {paid}']")).await?, "it is reversed once");
    let account = school.book().account("1034").await?;
    let last = school.book().entries(&account.id, paid, 10).await?;
    assert!(
        matches!(last.as_slice(), [one] if matches!(one.kind, EntryKind::Reversal { of, .. } if of == paid))
    );
    Ok(())
}

/// A price is put right, and what was charged at the old one with it.
pub(crate) async fn reprices(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter("/terms/2026-3").await?;
    let before = visit.school.book().book_balance().await?;
    let change = window.find("a[aria-label^='Change the price of']").await?;
    let label = change.attr("aria-label").await?.unwrap_or_default();
    window.lead(&label, async || change.click().await).await?;
    window.fill("#amount", "1,111.10").await?;
    window.fill("#reason", "printed wrongly").await?;
    window.press_words("Change the price").await?;
    let said = window.said().await?;
    assert!(said.contains("charges were reversed and made again at the new price."), "{said}");
    assert!(!said.starts_with("0 "), "{said}");
    assert_ne!(visit.school.book().book_balance().await?.balance, before.balance);
    window.press_words("Back to the term").await?;
    let lines = window.texts("tbody tr").await?;
    assert!(lines.iter().any(|line| line.contains("USD 1,111.10")), "{lines:?}");
    Ok(())
}

/// A file with faults is refused whole, each fault by its line; one without is shown first, and recorded once.
pub(crate) async fn brings_arrears_in(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school, folder) = (&visit.window, &visit.school, tempfile::tempdir()?);
    visit.enter("/arrears").await?;
    let before = school.book().account("1034").await?.balance;
    let check = async |name: &str, text: &str| -> Result<(), Failed> {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        window.goto("/arrears").await?;
        window.find("#file").await?.send_keys(&path.display().to_string()).await?;
        window.fill("#name", "old-book").await?;
        window.press_words("Check the file").await
    };
    check("faults.csv", "account,amount\n1034,100.00\n1034,much\nnobody-here,5.00\n").await?;
    assert!(window.said().await?.contains("The file has faults: nothing of it is recorded"));
    let faults = window.texts(".faults li").await?;
    assert!(faults.iter().any(|fault| fault.contains("much")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("nobody-here")), "{faults:?}");
    assert!(!window.has("form[action='/arrears/post']").await?, "there is nothing to record");

    check("fine.csv", "account,amount\n1034,100.00\n1035,50.50\n").await?;
    let said = window.said().await?;
    assert!(said.starts_with("2 lines were read. 2 would be recorded, USD 150.50 in sum;"), "{said}");
    assert_eq!(school.book().account("1034").await?.balance, before, "it was only checked");
    window.press_words("Record them").await?;
    let said = window.said().await?;
    assert!(said.starts_with("2 lines were recorded, USD 150.50 in sum;"), "{said}");
    let after = school.book().account("1034").await?.balance;
    assert_eq!(after.minor() - before.minor(), 10_000);
    check("fine.csv", "account,amount\n1034,100.00\n1035,50.50\n").await?;
    let said = window.said().await?;
    assert!(said.contains("0 would be recorded") && said.contains("2 were recorded before"), "{said}");
    Ok(())
}

/// The audit finds the book clean, and seals it.
pub(crate) async fn audits(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter("/audit").await?;
    assert_eq!(window.said().await?, "The book is clean: every figure follows from its entries.");
    window.press_words("Seal the book").await?;
    assert_eq!(window.heading().await?, "The book is sealed");
    window.press_words("Back to the audit").await?;
    assert_eq!(window.said().await?, "The book is clean: every figure follows from its entries.");
    assert!(window.text(".facts").await?.contains("Last seal"));
    Ok(())
}

/// A clerk is added; the pages and the links that are the head's are not there for one.
pub(crate) async fn keeps_clerks_out(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter("/staff").await?;
    window.fill("#name", "desk-2").await?;
    window.press_words("Add").await?;
    let password = window.text("#made").await?;
    for (path, link) in [
        ("/students/1034", "a[href*='/reverse/']"),
        ("/students/1034", "a[href$='/write-off']"),
        ("/terms/2027-1", "a[href$='/activate']"),
        ("/", "nav a[href='/audit']"),
    ] {
        window.goto(path).await?;
        assert!(window.has(link).await?, "the head has {link}");
    }
    window.press_words("Sign out").await?;
    window.goto("/students/1034").await?;
    window.sign_in("desk-2", &password).await?;
    assert!(window.text(".who").await?.contains("desk-2 (clerk)"));
    for link in
        ["a[href*='/reverse/']", "a[href$='/write-off']", "nav a[href='/audit']", "nav a[href='/staff']"]
    {
        assert!(!window.has(link).await?, "a clerk has {link}");
    }
    window.goto("/terms/2027-1").await?;
    assert!(!window.has("a[href$='/activate']").await?, "a clerk does not activate");
    for path in [
        "/students/1034/reverse/1",
        "/students/1034/record/write-off",
        "/terms/new",
        "/terms/2027-1/activate",
        "/terms/2027-1/fees",
        "/arrears",
        "/audit",
        "/staff",
    ] {
        window.goto(path).await?;
        let seen = (window.status().await?, window.heading().await?);
        assert_eq!(seen, (403, "Not allowed".to_owned()), "{path}");
    }
    Ok(())
}
