//! What a page is answered with, where its session may have ended: itself, or the way over the sign-in page and back.

/// What a page is answered with in a window whose session may have ended meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As it is.
    Page,
    /// With the way to the sign-in page, and back.
    SignIn,
}

/// What the answer to a page was.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn shown(asked: &str, status: u16, location: Option<&str>) -> Result<Shown, String> {
    let odd = || format!("GET {asked} was answered with {status}, to {}", location.unwrap_or("nowhere"));
    match (status, location) {
        (200, _) => Ok(Shown::Page),
        (303, Some("/sign-in")) if asked == "/" => Ok(Shown::SignIn),
        (303, Some(to)) => {
            let back = to.strip_prefix("/sign-in?next=").ok_or_else(odd)?;
            if decoded(back) == asked { Ok(Shown::SignIn) } else { Err(odd()) }
        }
        _ => Err(odd()),
    }
}

/// The value of a query.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.by_ref().take(2).collect();
                let pair = String::from_utf8(pair).unwrap_or_default();
                bytes.push(u8::from_str_radix(&pair, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_or_leads_over_the_sign_in_page_and_back() {
        assert_eq!(shown("/me", 200, None), Ok(Shown::Page));
        assert_eq!(shown("/", 303, Some("/sign-in")), Ok(Shown::SignIn));
        let path = "/students?status=unpaid";
        let back = Some("/sign-in?next=%2Fstudents%3Fstatus%3Dunpaid");
        assert_eq!(shown(path, 303, back), Ok(Shown::SignIn));
        for (asked, status, to) in [
            ("/me", 303, Some("/sign-in")),
            ("/me", 303, back),
            ("/me", 303, Some("/")),
            ("/me", 303, None),
            ("/me", 409, None),
            ("/me", 500, None),
        ] {
            assert!(shown(asked, status, to).is_err(), "{asked} {status} {to:?}");
        }
    }
}
