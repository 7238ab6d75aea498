//! Two requests of one session at once: what becomes of a logout during a slow page, and of two changes, told step by step. First with
//! bursar's sessions, then with a store that saves as many do: the whole record, whatever has happened meanwhile.
//!
//! `cargo run --release --example session_race`
//!
//! Nothing is staged: both sites are served the same requests in the same order, and what is printed is what came of them. The
//! program fails when that is not what it claims.
#![allow(clippy::print_stdout)]

mod ours;
mod site;
mod story;
mod upserting;

use std::process::ExitCode;

use ours::Ours;
use site::{Asking, Site};
use story::Story;
use upserting::Upserting;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match tell().await {
        Ok(0) => {
            println!("\nAll of it is as claimed.");
            ExitCode::SUCCESS
        }
        Ok(wrong) => {
            println!("\n{wrong} of the claims do not hold.");
            ExitCode::FAILURE
        }
        Err(failure) => {
            println!("\nIt could not be told to the end: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// How many claims do not hold.
async fn tell() -> Result<u32, Failure> {
    let mut wrong = 0;
    println!("A LOGOUT WHILE A SLOW PAGE IS UNDER WAY");
    for (slow, expected) in
        [(Asking::page("/report"), 303), (Asking::form("/report"), 409), (Asking::program("/report"), 401)]
    {
        let mut story = Story::begin(&format!("bursar: {}", slow.about()));
        let site = Ours::new();
        let (answered, revived) = logout_during(&site, &mut story, &slow).await?;
        story.claim(answered.status == expected, &format!("the slow request is told, with {expected}"));
        story.claim(answered.removes_cookie(), "the dead cookie is taken out of the browser");
        story.claim(!revived, "who still has the old cookie is logged out");
        wrong += story.end();
    }
    let mut story = Story::begin("a store that upserts: a browser asks for GET /report");
    let (answered, revived) = logout_during(&Upserting::new(), &mut story, &Asking::page("/report")).await?;
    story.claim(answered.status == 200, "the slow request hears nothing of the logout");
    story.claim(revived, "the session is back: who still has the old cookie is logged in again");
    wrong += story.end();

    println!("\nTWO CHANGES AT ONCE, OF DIFFERENT VALUES");
    let mut story = Story::begin("bursar");
    let kept = two_changes(&Ours::new(), &mut story).await?;
    story.claim(kept.contains("theme") && kept.contains("language"), "both changes are kept");
    wrong += story.end();
    let mut story = Story::begin("a store that upserts");
    let kept = two_changes(&Upserting::new(), &mut story).await?;
    story
        .claim(kept.contains("language") && !kept.contains("theme"), "the theme is lost, and nobody is told");
    wrong += story.end();
    Ok(wrong)
}

/// A logout during a slow request: what that is answered, and whether the old cookie is logged in afterwards.
async fn logout_during<S: Site>(
    site: &S,
    story: &mut Story,
    slow: &Asking,
) -> Result<(site::Answer, bool), Failure> {
    let login = site.ask(&Asking::form("/login"), None).await?;
    let cookie = login.cookie().ok_or("the login gives no cookie")?;
    story.step("the clerk logs in", Some(&login), &site.kept(&cookie).await?);

    let under_way = site.ask_slowly(slow, &cookie).await?;
    story.step("the slow report is asked for, and reads the session", None, &site.kept(&cookie).await?);
    let logout = site.ask(&Asking::form("/logout"), Some(&cookie)).await?;
    story.step("another tab logs out", Some(&logout), &site.kept(&cookie).await?);
    let answered = under_way.finish().await?;
    story.step(
        "the report is done, and has changed the session",
        Some(&answered),
        &site.kept(&cookie).await?,
    );

    let after = site.ask(&Asking::page("/me"), Some(&cookie)).await?;
    story.step(
        &format!("the old cookie is presented again: \"{}\"", after.body),
        Some(&after),
        &site.kept(&cookie).await?,
    );
    Ok((answered, after.body.contains("clerk-7")))
}

/// Two slow requests that change different values, of which the second is done last: what is kept.
async fn two_changes<S: Site>(site: &S, story: &mut Story) -> Result<String, Failure> {
    let login = site.ask(&Asking::form("/login"), None).await?;
    let cookie = login.cookie().ok_or("the login gives no cookie")?;
    story.step("the clerk logs in", Some(&login), &site.kept(&cookie).await?);
    let first = site.ask_slowly(&Asking::form("/set/theme"), &cookie).await?;
    story.step("tab 1 reads the session, to set the theme", None, &site.kept(&cookie).await?);
    let second = site.ask_slowly(&Asking::form("/set/language"), &cookie).await?;
    story.step("tab 2 reads the session, to set the language", None, &site.kept(&cookie).await?);
    let answered = first.finish().await?;
    story.step("tab 1 is done", Some(&answered), &site.kept(&cookie).await?);
    let answered = second.finish().await?;
    let kept = site.kept(&cookie).await?;
    story.step("tab 2 is done", Some(&answered), &kept);
    Ok(kept)
}
