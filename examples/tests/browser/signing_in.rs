//! Signing in.

use libtest_mimic::Failed;

use crate::Visit;

/// A wrong password lets nobody in; the right one leads to the page that was asked for.
pub(crate) async fn leads_back(visit: &Visit) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/students/1034").await?;
    assert_eq!(window.path().await?, "/sign-in?next=%2Fstudents%2F1034");
    window.sign_in("bursar", "not the password").await?;
    assert_eq!(window.said().await?, "The name or the password is wrong.");
    window.goto("/students/1034").await?;
    assert_eq!(window.heading().await?, "Sign in", "nobody is in");
    window.sign_in("bursar", visit.school.password).await?;
    assert_eq!(window.path().await?, "/students/1034");
    assert_eq!(window.heading().await?, "Student 1034");
    Ok(())
}
