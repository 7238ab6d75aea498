//! What every page has around it: the head, the navigation, who is signed in.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::access::Clerk;
use super::clerks::Role;
use super::failure::Failure;
use super::show;

/// Who is signed in, as the pages show it.
#[derive(Clone, Debug)]
pub struct Who {
    /// The name.
    pub name: String,
    /// What the clerk may do.
    pub role: Role,
    /// The token of the session's forms.
    pub token: String,
}

/// What every page has around it.
#[derive(Clone, Debug)]
pub struct Shell {
    /// What the page is called.
    pub title: String,
    /// Which part of the navigation it belongs to.
    pub at: &'static str,
    /// Who is signed in.
    pub who: Option<Who>,
}

impl Shell {
    /// Around a page without navigation.
    #[must_use]
    pub fn bare(title: &str) -> Self {
        Self { title: title.to_owned(), at: "", who: None }
    }

    /// Around a page of one who is signed in.
    #[must_use]
    pub fn of(clerk: &Clerk, at: &'static str, title: impl Into<String>) -> Self {
        let who = Who { name: clerk.name.clone(), role: clerk.role, token: clerk.token.clone() };
        Self { title: title.into(), at, who: Some(who) }
    }

    /// The token of the forms; empty where nobody is signed in.
    #[must_use]
    pub fn token(&self) -> &str {
        self.who.as_ref().map_or("", |who| who.token.as_str())
    }

    /// Whether the head is signed in.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.role == Role::Head)
    }
}

/// A page.
///
/// # Errors
/// [`Failure::Broken`] when it cannot be rendered.
pub fn page(template: &impl Template) -> Result<Response, Failure> {
    Ok(Html(template.render()?).into_response())
}

/// The sign-in page, which leads back to a path.
#[must_use]
pub fn sign_in(next: &str) -> String {
    if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", show::query(next)) }
}

/// Where a sign-in may lead to: a path of this office, and nowhere else.
#[must_use]
pub fn safe_next(next: &str) -> &str {
    // A browser takes "//" and "/\" for another host, and drops tabs and line breaks.
    let stays = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && !next.starts_with("/sign-");
    if stays { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_nowhere_else() {
        for bad in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/\t/evil.example",
            "/sign-in",
            "/sign-out",
        ] {
            assert_eq!(safe_next(bad), "/", "{bad:?}");
        }
        for good in ["/", "/students?search=1&page=2", "/students/1034"] {
            assert_eq!(safe_next(good), good);
        }
    }
}
