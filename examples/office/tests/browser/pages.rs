//! Every page of the office, one after the other, as they come up at work.

use bursar_office::show;
use libtest_mimic::Failed;

use crate::Visit;
use crate::gates::When;
use crate::paying::AMOUNT;

/// Those that an address alone leads to.
const BY_ADDRESS: [&str; 28] = [
    "/",
    "/students",
    "/students?search=nobody-is-called-that",
    "/students/new",
    "/students/1034?term=2026-2",
    // Who owes most has the longest figures.
    "/students/1202",
    "/students/1034/record/payment",
    "/students/1034/record/concession",
    "/students/1034/record/charge",
    "/students/1034/record/refund",
    "/students/1034/record/write-off",
    "/students/1034/reverse/1",
    "/students/1034/standing",
    "/terms",
    "/terms/new",
    "/terms/2026-3",
    "/terms/2027-1",
    "/terms/2027-1/fees",
    "/terms/2027-1/activate",
    "/terms/2027-1/close",
    "/debtors",
    "/debtors?group=nobody-is-in-it",
    "/debtors?at_least=much",
    "/arrears",
    "/audit",
    "/staff",
    "/me",
    "/there-is-no-such-page",
];

/// Opens every page, and looks at each.
pub(crate) async fn each(
    visit: &Visit<'_>,
    mut look: impl AsyncFnMut(&str) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/sign-in").await?;
    look("sign-in").await?;
    window.sign_in("bursar", "not the password").await?;
    look("a wrong password").await?;
    window.sign_in("bursar", visit.school.password).await?;
    for path in BY_ADDRESS {
        window.goto(path).await?;
        look(path).await?;
    }
    of_a_payment(visit, &mut look).await?;
    of_the_head(visit, &mut look).await?;
    window.press_words("Sign out").await?;
    look("signed out").await
}

async fn of_a_payment(
    visit: &Visit<'_>,
    look: &mut impl AsyncFnMut(&str) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/students/1034").await?;
    look("a student").await?;
    window.fill("#amount", "12,40").await?;
    window.press("#record").await?;
    look("a refused payment").await?;
    window.fill("#amount", AMOUNT).await?;
    window.press("main form button").await?;
    look("a receipt").await?;
    window.goto("/students/1034").await?;
    window.fill("#amount", AMOUNT).await?;
    window.press("#record").await?;
    assert!(window.said().await?.contains("Is this the same again?"));
    look("a payment like another").await?;
    window.press("main a").await?;
    let paid = visit.school.payments("1034").await?.last().cloned().ok_or("there is a payment")?;
    window.press(&format!("a[aria-label='Reverse no. {}']", paid.position)).await?;
    window.fill("#reason", "entered twice").await?;
    window.press("main form button").await?;
    look("a reversed payment").await?;
    let number = show::segment(&paid.receipt().to_string());
    window.goto(&format!("/receipts/{number}")).await?;
    let said = window.said().await?;
    assert!(said.starts_with("Void:"), "{said}");
    look("a void receipt").await
}

async fn of_the_head(
    visit: &Visit<'_>,
    look: &mut impl AsyncFnMut(&str) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/staff").await?;
    window.fill("#name", "desk-2").await?;
    window.press_words("Add").await?;
    look("a new clerk").await?;
    window.goto("/terms/2026-3").await?;
    window.press("a[aria-label^='Change the price of']").await?;
    look("a price").await?;
    let folder = tempfile::tempdir()?;
    for (file, text) in
        [("faults.csv", "account,amount\n1034,many\n"), ("fine.csv", "account,amount\n1034,20.00\n")]
    {
        let path = folder.path().join(file);
        std::fs::write(&path, text)?;
        window.goto("/arrears").await?;
        window.find("#file").await?.send_keys(&path.display().to_string()).await?;
        window.fill("#name", file).await?;
        window.press_words("Check the file").await?;
        look(file).await?;
    }
    let gate = visit.school.gates.shut("bill", When::Before);
    window.goto("/terms/2027-1/activate").await?;
    window.press("main form button").await?;
    gate.reached().await?;
    // While it is looked at, the page loads itself again.
    assert_eq!(window.heading().await?, "Activation of Term 1, 2027");
    gate.open();
    window
        .until("the run is done", async || {
            let done = window.client.find(fantoccini::Locator::Css(".say")).await?.text().await?;
            Ok(done.starts_with("Done:").then_some(()))
        })
        .await?;
    look("a run").await
}
