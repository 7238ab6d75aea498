//! What stands around every page: posts from other sites are refused, and browsers are told what the pages never do.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::failure::Message;

/// Nothing but what the office itself serves; no script at all; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Where a post comes from, as the browser says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Here,
    Elsewhere,
    /// An old browser, or a program: the token of the form decides.
    Unsaid,
}

/// `Sec-Fetch-Site` decides where a browser sends it, else `Origin` against `Host`.
fn comes_from(headers: &HeaderMap) -> From {
    let text = |value: &HeaderValue| value.to_str().unwrap_or("").to_ascii_lowercase();
    if let Some(site) = headers.get("sec-fetch-site") {
        return if matches!(text(site).as_str(), "same-origin" | "none") {
            From::Here
        } else {
            From::Elsewhere
        };
    }
    let Some(origin) = headers.get(ORIGIN).map(text) else { return From::Unsaid };
    let host = headers.get(HOST).map(text).unwrap_or_default();
    let of = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    if of.is_some_and(|of| !host.is_empty() && of == host) { From::Here } else { From::Elsewhere }
}

/// Refuses what changes something and comes from another site; sets the headers of every answer.
pub async fn guard(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if !safe && comes_from(request.headers()) == From::Elsewhere {
        tracing::warn!(path = request.uri().path(), "a post from another site was refused");
        let text = "This was sent from another site than the office's own. Nothing was done.";
        Message::new(StatusCode::FORBIDDEN, "Refused", text).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What a page says is nobody's to keep after a sign-out.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_where_a_post_comes_from() {
        let table: [(&[(&str, &str)], From); 9] = [
            (&[], From::Unsaid),
            (&[("sec-fetch-site", "same-origin")], From::Here),
            (&[("sec-fetch-site", "none")], From::Here),
            (&[("sec-fetch-site", "same-site")], From::Elsewhere),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a:1"), ("host", "a:1")], From::Elsewhere),
            (&[("origin", "http://a:1"), ("host", "a:1")], From::Here),
            (&[("origin", "http://b:1"), ("host", "a:1")], From::Elsewhere),
            (&[("origin", "null"), ("host", "a:1")], From::Elsewhere),
            (&[("origin", "http://a:1.evil"), ("host", "a:1")], From::Elsewhere),
        ];
        for (given, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(comes_from(&headers), expected, "{given:?}");
        }
    }
}
