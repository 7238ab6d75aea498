//! `Cookie` headers of all sorts: nobody reads another's session, and no key of the client's is adopted (R7, R8).

use bursar_session::store::Loaded;
use bursar_session::{Gone, Outcome, SessionKey};
use http::HeaderMap;
use http::header::COOKIE;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::site::{Site, block_on, given, with_cookies, with_key};

const SECRET: &str = "of the other session";

/// Every part of the headers that could be taken for a key.
fn presented(headers: &HeaderMap) -> Vec<SessionKey> {
    let parts = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().windows(43));
    parts.filter_map(|part| SessionKey::parse(str::from_utf8(part).ok()?)).collect()
}

/// Asks with these lines, `@` in them standing for the key of another's session; whether that session was read.
async fn asked_with(lines: &[Vec<u8>]) -> bool {
    let site = Site::new();
    let key = site.with_value("secret", SECRET).await;
    let text = key.cookie_value();
    let lines =
        lines.iter().map(|line| line.split(|byte| *byte == b'@').collect::<Vec<_>>().join(text.as_bytes()));
    let headers = with_cookies(lines);
    let (before, presented) = (site.kept(&key).await, presented(&headers));

    let session = site.begin(&headers);
    let secret: Option<String> = session.get("secret").await.unwrap();
    session.insert("n", &1).unwrap();
    let finished = site.finish(&session).await;
    assert!(matches!(finished.outcome, Outcome::Saved), "{:?}", finished.outcome);
    match given(&finished) {
        Some(new) => {
            assert_eq!(secret, None);
            assert!(!presented.contains(&new), "a key of the client's is adopted");
            assert!(matches!(site.kept(&new).await, Loaded::Live(_)));
            assert_eq!(site.kept(&key).await, before, "another's session is changed");
        }
        None => {
            assert_eq!(secret.as_deref(), Some(SECRET));
            assert!(presented.contains(&key), "a session is read by who does not bear its key");
        }
    }
    for other in presented.iter().filter(|other| **other != key).take(100) {
        assert_eq!(site.kept(other).await, Loaded::Gone(Gone::UNKNOWN), "a forged key creates a session");
    }
    secret.is_some()
}

/// A piece of a header: what cookies are made of, and what they are not.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(b"__Host-session=".to_vec()),
        3 => Just(b"@".to_vec()),
        3 => Just(b"; ".to_vec()),
        1 => Just(b"session=".to_vec()),
        1 => Just(b"\"".to_vec()),
        1 => Just(b"=".to_vec()),
        1 => Just(b"\t".to_vec()),
        2 => any::<[u8; 32]>().prop_map(|_| SessionKey::generate().unwrap().cookie_value().into_bytes()),
        1 => "[A-Za-z0-9_-]{42,44}".prop_map(String::into_bytes),
        2 => vec(0x20..=0xff_u8, 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_cookies_open_nothing_of_others(lines in vec(vec(piece(), 0..12), 0..5)) {
        let lines: Vec<Vec<u8>> = lines.iter().map(|pieces| pieces.concat()).collect();
        block_on(asked_with(&lines));
    }

    #[test]
    fn any_bytes_open_nothing(lines in vec(any::<Vec<u8>>(), 0..5)) {
        let without: Vec<Vec<u8>> =
            lines.into_iter().map(|line| line.into_iter().filter(|byte| *byte != b'@').collect()).collect();
        prop_assert!(!block_on(asked_with(&without)));
    }
}

#[tokio::test]
async fn thousands_of_other_cookies_do_not_hide_the_right_one() {
    let others: String = (0..5_000).map(|n| format!("c{n}={n}; ")).collect();
    assert!(asked_with(&[format!("{others}__Host-session=@; {others}").into_bytes()]).await);
    let lines: Vec<Vec<u8>> = (0..5_000).map(|n| format!("c{n}={n}").into_bytes()).collect();
    assert!(asked_with(&[lines, vec![b"__Host-session=@".to_vec()]].concat()).await);
}

#[tokio::test]
async fn thousands_of_forged_keys_are_passed_over() {
    let forged = || format!("__Host-session={}; ", SessionKey::generate().unwrap().cookie_value());
    let forged: String = (0..5_000).map(|_| forged()).collect();
    assert!(!asked_with(&[forged.clone().into_bytes()]).await);
    assert!(asked_with(&[format!("__Host-session=@; {forged}").into_bytes()]).await);
}

#[tokio::test]
async fn a_cookie_of_a_megabyte_is_no_key() {
    let long = "A".repeat(1 << 20);
    for line in
        [format!("__Host-session={long}"), format!("__Host-session=@{long}"), format!("{long}=@"), long]
    {
        assert!(!asked_with(&[line.clone().into_bytes()]).await);
        assert!(
            asked_with(&[line.into_bytes(), b"__Host-session=@".to_vec()]).await,
            "the right one beside it"
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_key() {
    assert!(!asked_with(&[b"__Host-session=\xff\xfe@".to_vec()]).await);
    assert!(!asked_with(&[b"__Host-session\xff=@".to_vec()]).await);
    assert!(asked_with(&[b"a=\xff\xfe; __Host-session=@; b=\xc3".to_vec()]).await);
}

#[tokio::test]
async fn only_the_name_counts_and_to_the_letter() {
    for line in ["session=@", "__host-session=@", "__Secure-session=@", "__Host-session2=@", "@", "=@"] {
        assert!(!asked_with(&[line.into()]).await, "{line}");
    }
}

#[tokio::test]
async fn the_hash_of_a_key_is_no_key() {
    let site = Site::new();
    let key = site.with_value("secret", SECRET).await;
    let hash: String = key.hash().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for stolen in [hash.clone(), hash[..43].to_owned()] {
        let session = site.begin(&with_cookies([format!("__Host-session={stolen}")]));
        assert_eq!(session.get::<String>("secret").await.unwrap(), None);
    }
    let session = site.begin(&with_key(&key));
    assert_eq!(session.get::<String>("secret").await.unwrap().as_deref(), Some(SECRET));
}
