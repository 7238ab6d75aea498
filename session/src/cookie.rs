//! The cookie that bears the key (R11): its attributes, how it is read, and how it is removed.

use ::cookie::{Cookie, SameSite};
use http::HeaderValue;
use std::time::Duration;

use crate::{Error, SessionKey};

/// How many cookies of the name are looked at in one request; what comes after is passed over.
const CANDIDATES_MAX: usize = 8;

/// Whether a browser sends the cookie with requests that other sites cause.
///
/// ```
/// use bursar_session::{CrossSite, SessionCookie};
///
/// // A link from a message to a parent opens the page logged out; nothing of another site's acts in anybody's name.
/// let cookie = SessionCookie::default().with_cross_site(CrossSite::Strict);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrossSite {
    /// Never, not even when a link is followed.
    Strict,
    /// Only when a link is followed to a page.
    #[default]
    Lax,
    /// Always; the cookie must be secure then.
    None,
}

/// The attributes of the session cookie (R11).
///
/// By default it is `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`, and gone when the browser is closed. The
/// prefix of the name is the strongest that the attributes allow, so that browsers refuse a cookie that another host has planted:
/// `__Host-` with `Path=/` and no domain, else `__Secure-`, and none over plain HTTP.
///
/// ```
/// use bursar_session::SessionCookie;
///
/// assert_eq!(SessionCookie::default().name(), "__Host-session");
/// assert_eq!(SessionCookie::new("school")?.with_path("/office")?.name(), "__Secure-school");
/// assert_eq!(SessionCookie::new("school")?.over_plain_http().name(), "school");
/// # Ok::<(), bursar_session::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionCookie {
    base: String,
    name: String,
    path: String,
    domain: Option<String>,
    secure: bool,
    cross_site: CrossSite,
    persistent: bool,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            base: "session".into(),
            name: "__Host-session".into(),
            path: "/".into(),
            domain: None,
            secure: true,
            cross_site: CrossSite::Lax,
            persistent: false,
        }
    }
}

impl SessionCookie {
    /// A cookie of this name, before its prefix, with the attributes of the default.
    ///
    /// # Errors
    /// [`Error::Cookie`] when it is not 1 to 64 letters, digits, `-`, `_` or `.`.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let base: String = name.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if base.is_empty() || base.len() > 64 || !base.bytes().all(allowed) {
            let allowed = "1 to 64 letters, digits, '-', '_' and '.' are allowed";
            return Err(Error::Cookie { attribute: "name", value: base, allowed });
        }
        Ok(Self { base, ..Self::default() }.prefixed())
    }

    /// The cookie for the pages below a path alone.
    ///
    /// # Errors
    /// [`Error::Cookie`] when it does not begin with `/`, or holds `;`, spaces or control characters.
    pub fn with_path(self, path: impl Into<String>) -> Result<Self, Error> {
        let path: String = path.into();
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
            let allowed = "a path begins with '/' and holds visible ASCII characters without ';'";
            return Err(Error::Cookie { attribute: "path", value: path, allowed });
        }
        Ok(Self { path, ..self }.prefixed())
    }

    /// The cookie for all hosts of a domain. Any of them can then read and plant it: leave it out unless it is needed.
    ///
    /// ```
    /// use bursar_session::SessionCookie;
    ///
    /// let cookie = SessionCookie::new("school")?.with_domain("school.example")?;
    /// assert_eq!(cookie.name(), "__Secure-school", "for `__Host-` it would have to be of one host");
    /// assert!(SessionCookie::default().with_domain("school.example; Path=/").is_err());
    /// # Ok::<(), bursar_session::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Cookie`] when it is not letters, digits, `-` and `.`.
    pub fn with_domain(self, domain: impl Into<String>) -> Result<Self, Error> {
        let domain: String = domain.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if domain.is_empty() || domain.len() > 253 || !domain.bytes().all(allowed) {
            let allowed = "letters, digits, '-' and '.' are allowed";
            return Err(Error::Cookie { attribute: "domain", value: domain, allowed });
        }
        Ok(Self { domain: Some(domain), ..self }.prefixed())
    }

    /// The cookie as other sites' requests bear it; `Lax` by default. With [`CrossSite::None`] forms of other sites act in the user's
    /// name unless the application has a guard of its own.
    #[must_use]
    pub fn with_cross_site(self, cross_site: CrossSite) -> Self {
        Self { cross_site, ..self }
    }

    /// The cookie kept when the browser is closed, until the end of the session's lifetime. On a computer that several people use it
    /// is better not.
    #[must_use]
    pub fn persistent(self) -> Self {
        Self { persistent: true, ..self }
    }

    /// The cookie without `Secure`, for development without TLS, and on networks where nobody listens.
    #[must_use]
    pub fn over_plain_http(self) -> Self {
        Self { secure: false, ..self }.prefixed()
    }

    /// The name, with its prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn is_persistent(&self) -> bool {
        self.persistent
    }

    fn prefixed(mut self) -> Self {
        let prefix = match (self.secure, self.path.as_str(), &self.domain) {
            (true, "/", None) => "__Host-",
            (true, ..) => "__Secure-",
            (false, ..) => "",
        };
        self.name = format!("{prefix}{}", self.base);
        self
    }

    fn with_value(&self, value: String) -> Cookie<'_> {
        let mut cookie = Cookie::build((&*self.name, value)).path(&*self.path).http_only(true);
        if self.secure {
            cookie = cookie.secure(true);
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(&**domain);
        }
        let cookie = cookie.same_site(match self.cross_site {
            CrossSite::Strict => SameSite::Strict,
            CrossSite::Lax => SameSite::Lax,
            CrossSite::None => SameSite::None,
        });
        cookie.build()
    }

    /// The header that gives a browser a key; `lasts` is how long it keeps it, where it is to outlive the browser.
    pub(crate) fn set(&self, key: &SessionKey, lasts: Duration) -> Option<HeaderValue> {
        let mut cookie = self.with_value(key.cookie_value());
        if self.persistent {
            let seconds = i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX);
            cookie.set_max_age(::cookie::time::Duration::seconds(seconds));
        }
        sensitive(&cookie)
    }

    /// The header that takes it away again: with the same attributes, or the browser would keep it.
    pub(crate) fn removal(&self) -> Option<HeaderValue> {
        let mut cookie = self.with_value(String::new());
        cookie.make_removal();
        sensitive(&cookie)
    }

    /// The keys that a request's `Cookie` headers bear under the name: the first few that look like one, each once.
    pub(crate) fn keys<'a>(&self, headers: impl Iterator<Item = &'a HeaderValue>) -> Vec<SessionKey> {
        let mut keys: Vec<SessionKey> = Vec::new();
        for header in headers {
            // Another cookie of any bytes must not hide ours.
            let text = String::from_utf8_lossy(header.as_bytes());
            for cookie in Cookie::split_parse(&*text).filter_map(Result::ok) {
                if cookie.name() == self.name
                    && let Some(key) = SessionKey::parse(cookie.value())
                    && !keys.contains(&key)
                {
                    keys.push(key);
                    if keys.len() == CANDIDATES_MAX {
                        return keys;
                    }
                }
            }
        }
        keys
    }
}

fn sensitive(cookie: &Cookie<'_>) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&cookie.to_string()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{CANDIDATES_MAX, CrossSite, SessionCookie};
    use crate::{SessionKey, days};

    fn keys(headers: &[&[u8]]) -> Vec<SessionKey> {
        let headers: Vec<_> = headers.iter().map(|bytes| HeaderValue::from_bytes(bytes).unwrap()).collect();
        SessionCookie::default().keys(headers.iter())
    }

    #[test]
    fn a_cookie_and_its_removal_bear_the_same_attributes() {
        let key = SessionKey::parse(&"A".repeat(43)).unwrap();
        let set = SessionCookie::default().set(&key, days(1)).unwrap();
        let value = "A".repeat(43);
        assert_eq!(
            set.to_str().unwrap(),
            format!("__Host-session={value}; HttpOnly; SameSite=Lax; Secure; Path=/")
        );
        assert!(set.is_sensitive());
        let wide = SessionCookie::new("s").unwrap().with_path("/office").unwrap();
        let wide = wide.with_domain("example.org").unwrap().with_cross_site(CrossSite::Strict).persistent();
        let set = wide.set(&key, days(1)).unwrap();
        let attributes = "; HttpOnly; SameSite=Strict; Secure; Path=/office; Domain=example.org";
        assert_eq!(set.to_str().unwrap(), format!("__Secure-s={value}{attributes}; Max-Age=86400"));
        let removal = wide.removal().unwrap();
        let removal = removal.to_str().unwrap();
        assert!(removal.starts_with(&format!("__Secure-s={attributes}; Max-Age=0; Expires=")), "{removal}");
    }

    #[test]
    fn attributes_are_checked() {
        for wrong in ["", "a b", "a;b", "a=b", "é", &"x".repeat(65)] {
            assert!(SessionCookie::new(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["", "office", "/a;b", "/a b", "/é", "/a\n"] {
            assert!(SessionCookie::default().with_path(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["", "a b", "a;b", "é.org", &"x".repeat(254)] {
            assert!(SessionCookie::default().with_domain(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn keys_are_found_among_other_cookies() {
        let (one, two) = (SessionKey::generate().unwrap(), SessionKey::generate().unwrap());
        let ours = |key: &SessionKey| format!("__Host-session={}", key.cookie_value());
        let line = format!("a=b; {}; session={}; {}", ours(&one), two.cookie_value(), ours(&one));
        assert!(keys(&[line.as_bytes()]).iter().eq([&one]));
        assert_eq!(keys(&[ours(&one).as_bytes(), ours(&two).as_bytes()]), [one.clone(), two]);
        // Bytes that are no UTF-8 in another cookie do not hide ours.
        let mut line = b"x=\xff\xfe; =; ;;; y".to_vec();
        line.extend_from_slice(format!("; {}", ours(&one)).as_bytes());
        assert_eq!(keys(&[&line]), [one]);
        let many: Vec<String> = (0..1_000).map(|_| ours(&SessionKey::generate().unwrap())).collect();
        assert_eq!(keys(&[many.join("; ").as_bytes()]).len(), CANDIDATES_MAX);
        assert_eq!(keys(&[b"__Host-session=", b"__Host-session=short", b""]), []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in any::<Vec<u8>>()) {
            let header = HeaderValue::from_bytes(&bytes);
            if let Ok(header) = header {
                prop_assert!(SessionCookie::default().keys(std::iter::once(&header)).len() <= CANDIDATES_MAX);
            }
        }
    }
}
