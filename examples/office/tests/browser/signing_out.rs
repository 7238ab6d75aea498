//! Signing out in one window while another waits for a slow page.

use fantoccini::wd::WindowHandle;
use libtest_mimic::Failed;

use crate::Visit;
use crate::gates::When;
use crate::paying::AMOUNT;

/// Signs out in a second window of the same browser, and comes back to the first.
async fn sign_out_elsewhere(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, client) = (&visit.window, &visit.window.client);
    let first: WindowHandle = client.window().await?;
    let second = client.new_window(true).await?;
    client.switch_to_window(second.handle).await?;
    window.goto("/terms").await?;
    window.press_words("Sign out").await?;
    assert_eq!(window.said().await?, "You are signed out, in every window of this browser.");
    client.close_window().await?;
    client.switch_to_window(first).await?;
    Ok(())
}

/// The page was to remember the student in the session: it leads to the sign-in page, and that leads back.
pub(crate) async fn during_a_change(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter("/students?search=1034").await?;
    let gate = visit.school.gates.shut("entries", When::Before);
    let (link, page) = (window.find("tbody a").await?, window.mark().await?);
    link.click().await?;
    gate.reached().await?;
    sign_out_elsewhere(visit).await?;
    gate.open();
    window.arrive("the sign-in page", &page).await?;
    assert_eq!(window.path().await?, "/sign-in?next=%2Fstudents%2F1034");
    window.sign_in("bursar", visit.school.password).await?;
    assert_eq!(window.heading().await?, "Student 1034");
    Ok(())
}

/// The dashboard changes nothing in the session, and is shown as it is.
pub(crate) async fn during_a_look(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    visit.enter("/students").await?;
    let gate = visit.school.gates.shut("summary_rows", When::Before);
    let (link, page) = (window.find("nav a[href='/']").await?, window.mark().await?);
    link.click().await?;
    gate.reached().await?;
    sign_out_elsewhere(visit).await?;
    gate.open();
    window.arrive("the dashboard", &page).await?;
    assert_eq!((window.path().await?, window.heading().await?), ("/".to_owned(), "Dashboard".to_owned()));
    window.press("nav a[href='/students']").await?;
    assert_eq!(window.path().await?, "/sign-in?next=%2Fstudents", "it was the last page");
    Ok(())
}

/// What is being recorded is recorded, and its receipt is shown after signing in.
pub(crate) async fn during_a_payment(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter("/students/1034").await?;
    let before = school.payments("1034").await?.len();
    window.fill("#amount", AMOUNT).await?;
    let gate = school.gates.shut("post", When::Before);
    let (button, page) = (window.find("#record").await?, window.mark().await?);
    button.click().await?;
    gate.reached().await?;
    sign_out_elsewhere(visit).await?;
    assert_eq!(school.payments("1034").await?.len(), before, "it is on its way");
    gate.open();
    window.arrive("the sign-in page", &page).await?;
    assert_eq!(window.heading().await?, "Sign in");
    let payments = school.payments("1034").await?;
    assert_eq!(payments.len(), before + 1);
    let receipt = payments.last().ok_or("there is a payment")?.receipt();
    window.sign_in("bursar", school.password).await?;
    assert_eq!(window.heading().await?, format!("Receipt {receipt}"));
    Ok(())
}

/// What is sent after the sign-out is not recorded, and the page says so.
pub(crate) async fn before_a_payment(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter("/students/1034").await?;
    let before = school.payments("1034").await?.len();
    window.fill("#amount", AMOUNT).await?;
    sign_out_elsewhere(visit).await?;
    window.press("#record").await?;
    assert_eq!((window.status().await?, window.heading().await?), (409, "You are signed out".to_owned()));
    let said = window.said().await?;
    assert!(said.contains("What you sent was not recorded."), "{said}");
    window.press_words("Sign in").await?;
    window.sign_in("bursar", school.password).await?;
    assert_eq!(window.path().await?, "/students/1034/record/payment");
    assert_eq!(school.payments("1034").await?.len(), before);
    Ok(())
}
