//! Taking a payment.

use libtest_mimic::Failed;

use crate::Visit;

/// The payment that is typed.
pub(crate) const AMOUNT: &str = "123.45";

pub(crate) async fn is_taken_once(visit: &Visit) -> Result<(), Failed> {
    let (window, school) = (&visit.window, &visit.school);
    visit.enter("/students/1034").await?;
    let before = school.payments("1034").await?.len();
    window.fill("#amount", AMOUNT).await?;
    window.press("#record").await?;
    assert_eq!(window.said().await?, "Recorded.");
    assert_eq!(school.payments("1034").await?.len(), before + 1);
    Ok(())
}
