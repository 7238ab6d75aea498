//! What the layer has to know of a request to answer it in the session's stead.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use http::uri::PathAndQuery;
use http::{HeaderName, Method, Uri};

static FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Who asks: a person who looks at pages, or a program.
///
/// ```
/// use bursar_session::Client;
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(Client::of(&headers), Client::Page);
/// headers.insert("accept", HeaderValue::from_static("application/json"));
/// assert_eq!(Client::of(&headers), Client::Api);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Client {
    /// A browser that shows what it gets.
    Page,
    /// A program: a script in a page, or another server.
    Api,
}

impl Client {
    /// Tells by the headers. A program is who asks for or sends JSON, who says `X-Requested-With: XMLHttpRequest`, or whom the browser
    /// marks as a script (`Sec-Fetch-Dest: empty`). Who asks for HTML is a browser in any case.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let has = |name: &HeaderName, wanted: &[&str]| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| wanted.iter().any(|wanted| contains(value, wanted)))
        };
        if has(&ACCEPT, &["text/html", "application/xhtml+xml"]) {
            return Self::Page;
        }
        let program = has(&ACCEPT, &["application/json", "+json"])
            || has(&CONTENT_TYPE, &["application/json", "+json"])
            || has(&REQUESTED_WITH, &["xmlhttprequest"])
            || has(&FETCH_DEST, &["empty"]);
        if program { Self::Api } else { Self::Page }
    }
}

/// Whether a header's value contains a word, in whatever case.
fn contains(value: &str, word: &str) -> bool {
    value.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// What is known of a request when its session is answered for.
///
/// ```
/// use bursar_session::{Asked, Client};
/// use http::{HeaderMap, Method, Uri};
///
/// let asked = Asked::new(&Method::GET, &Uri::from_static("/students?page=2"), &HeaderMap::new());
/// assert!(asked.is_page() && asked.client == Client::Page);
/// assert_eq!((asked.path(), asked.next()), ("/students", Some("/students?page=2")));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Where to: the path and query of the request's address.
    pub target: Option<PathAndQuery>,
    /// Who asks.
    pub client: Client,
}

impl Asked {
    /// What is known of a request by its method, address and headers.
    #[must_use]
    pub fn new(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        Self { method: method.clone(), target: uri.path_and_query().cloned(), client: Client::of(headers) }
    }

    /// Whether it only asks for a page: it can be asked again without harm.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// The path, without the query; `/` where the address has none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::path)
    }

    /// The address as a place on this origin to come back to; `None` for one that a browser could take for another origin's.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        let target = self.target.as_ref()?.as_str();
        // Browsers read a backslash as a slash, and `//host` as another origin.
        let second = target.as_bytes().get(1).copied();
        let ours = target.starts_with('/') && !matches!(second, Some(b'/' | b'\\'));
        (ours && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')).then_some(target)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

    use super::{Asked, Client};

    fn client(headers: &[(&'static str, &'static str)]) -> Client {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Client::of(&headers)
    }

    #[test]
    fn programs_are_told_from_browsers() {
        assert_eq!(client(&[]), Client::Page);
        assert_eq!(client(&[("accept", "*/*")]), Client::Page);
        assert_eq!(client(&[("accept", "text/html,application/json;q=0.9")]), Client::Page);
        assert_eq!(client(&[("accept", "Application/JSON")]), Client::Api);
        assert_eq!(client(&[("accept", "application/problem+json")]), Client::Api);
        assert_eq!(client(&[("accept", "*/*"), ("content-type", "application/json")]), Client::Api);
        assert_eq!(client(&[("accept", "*/*"), ("sec-fetch-dest", "empty")]), Client::Api);
        assert_eq!(client(&[("x-requested-with", "XMLHttpRequest")]), Client::Api);
        assert_eq!(client(&[("accept", "text/html"), ("sec-fetch-dest", "document")]), Client::Page);
    }

    #[test]
    fn only_a_place_of_ours_is_come_back_to() {
        let next = |uri: &str| {
            let uri: Uri = uri.parse().unwrap();
            Asked::new(&Method::GET, &uri, &HeaderMap::new()).next().map(ToOwned::to_owned)
        };
        assert_eq!(next("/students?page=2&q=a%20b").as_deref(), Some("/students?page=2&q=a%20b"));
        assert_eq!(next("https://elsewhere.example/students").as_deref(), Some("/students"));
        for wrong in ["//elsewhere.example/", "/a\\b"] {
            if let Ok(uri) = wrong.parse::<Uri>() {
                let next = Asked::new(&Method::GET, &uri, &HeaderMap::new()).next().map(ToOwned::to_owned);
                assert_eq!(next, None, "{wrong}");
            }
        }
        assert_eq!(next("*"), None);
    }
}
