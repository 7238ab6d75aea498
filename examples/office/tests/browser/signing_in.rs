//! Signing in, and the sessions that come of it.

use libtest_mimic::Failed;

use crate::Visit;

/// A wrong password lets nobody in; the right one leads to the page that was asked for.
pub(crate) async fn leads_back(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/students/1034").await?;
    assert_eq!(window.path().await?, "/sign-in?next=%2Fstudents%2F1034");
    window.sign_in("bursar", "not the password").await?;
    assert_eq!(
        (window.status().await?, window.said().await?),
        (401, "The name or the password is wrong.".into())
    );
    window.goto("/students/1034").await?;
    assert_eq!(window.heading().await?, "Sign in", "nobody is in");
    // A wrong password keeps the way back.
    window.sign_in("bursar", "not the password").await?;
    window.sign_in("bursar", visit.school.password).await?;
    assert_eq!(window.path().await?, "/students/1034");
    assert_eq!(window.heading().await?, "Student 1034");
    Ok(())
}

/// After five wrong passwords the right one does not help, and the page says for how long.
pub(crate) async fn locks(visit: &Visit<'_>) -> Result<(), Failed> {
    let window = &visit.window;
    window.goto("/sign-in").await?;
    for _ in 0..5 {
        window.sign_in("bursar", "not the password").await?;
        assert_eq!(window.said().await?, "The name or the password is wrong.");
    }
    window.sign_in("bursar", visit.school.password).await?;
    let said = window.said().await?;
    assert!(said.starts_with("Too many attempts. Try again in "), "{said}");
    assert_eq!(window.status().await?, 429);
    window.goto("/").await?;
    assert_eq!(window.heading().await?, "Sign in", "nobody is in");
    Ok(())
}

/// Another browser's session is listed, and ended.
pub(crate) async fn ends_another(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, other) = (&visit.window, visit.elsewhere().await?);
    other.goto("/students").await?;
    other.sign_in("bursar", visit.school.password).await?;
    assert_eq!(other.heading().await?, "Students");
    visit.enter("/me").await?;
    let sessions = window.texts("tbody tr").await?;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert_eq!(sessions.iter().filter(|line| line.contains("this window")).count(), 1, "{sessions:?}");
    window.press("button[aria-label^='End the session since']").await?;
    let sessions = window.texts("tbody tr").await?;
    assert!(sessions.len() == 1 && sessions[0].contains("this window"), "{sessions:?}");
    other.goto("/students").await?;
    assert_eq!(other.path().await?, "/sign-in?next=%2Fstudents");
    window.goto("/students").await?;
    assert_eq!(window.heading().await?, "Students", "this one goes on");
    other.client.close().await?;
    Ok(())
}
