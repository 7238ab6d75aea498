//! Names, values and users that a session cannot hold: each is refused where it is given, and the session stays as it was.

use std::collections::{BTreeMap, HashMap};

use bursar_session::{Error, NAME_LENGTH_MAX, Outcome, Session, UserId};
use http::HeaderMap;
use proptest::prelude::*;
use serde::{Serialize, Serializer};

use crate::site::{Site, block_on, given, with_key};

/// Nothing of what was refused is in the session.
async fn holds_only_a(site: &Site, session: &Session) {
    assert_eq!(session.names().await.unwrap(), ["a"]);
    let key = given(&site.finish(session).await).unwrap();
    assert_eq!(&*site.record(&key).await.content.data, r#"{"a":1}"#);
}

#[tokio::test]
async fn names_have_1_to_128_bytes() {
    let site = Site::new();
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    for name in [String::new(), "x".repeat(NAME_LENGTH_MAX + 1), "é".repeat(65)] {
        let refused =
            |error: &Error| matches!(error, Error::Name { length, length_max: 128 } if *length == name.len());
        assert!(refused(&session.insert(&name, &1).unwrap_err()));
        assert!(refused(&session.remove(&name).unwrap_err()));
        assert!(refused(&session.update(&name, |n: &mut u8| *n = 1).await.unwrap_err()));
        assert_eq!(session.get::<u8>(&name).await.unwrap(), None);
        assert_eq!(session.take::<u8>(&name).await.unwrap(), None);
        assert!(!session.contains(&name).await.unwrap());
    }
    holds_only_a(&site, &session).await;
    let session = site.begin(&HeaderMap::new());
    let longest = "é".repeat(64);
    session.insert(&longest, &1).unwrap();
    let key = given(&site.finish(&session).await).unwrap();
    assert_eq!(site.begin(&with_key(&key)).get::<u8>(&longest).await.unwrap(), Some(1));
}

#[tokio::test]
async fn values_are_no_larger_than_the_layer_allows() {
    let site = Site::of(|layer| layer.data_bytes_max(100));
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    let large = "x".repeat(100);
    for error in [
        session.insert("b", &large).unwrap_err(),
        session.update("b", move |text: &mut String| text.clone_from(&large)).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::TooLarge { bytes: 101.., bytes_max: 100 }), "{error:?}");
    }
    holds_only_a(&site, &session).await;

    // To a session that was not read yet little by little is added; that it is too much shows when it is saved.
    let key = site.with_value("a", &"x".repeat(60)).await;
    let before = site.record(&key).await;
    let session = site.begin(&with_key(&key));
    session.insert("b", &"x".repeat(60)).unwrap();
    let outcome = site.finish(&session).await.outcome;
    assert!(
        matches!(&outcome, Outcome::Failed(error) if matches!(**error, Error::TooLarge { .. })),
        "{outcome:?}"
    );
    assert_eq!(site.record(&key).await, before);
}

/// A type that cannot be written.
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it does not want to"))
    }
}

#[tokio::test]
async fn values_that_are_no_json_are_refused() {
    let site = Site::new();
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    let by_list = HashMap::from([(vec![1_u8], 1)]);
    let by_pair = BTreeMap::from([((1, 2), 3)]);
    for error in [
        session.insert("b", &by_list).unwrap_err(),
        session.insert("b", &by_pair).unwrap_err(),
        session.insert("b", &Stubborn).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Encode { name, .. } if name == "b"), "{error:?}");
    }
    holds_only_a(&site, &session).await;
}

#[tokio::test]
async fn a_value_of_another_type_stays() {
    let site = Site::new();
    let key = site.with_value("a", "text").await;
    let session = site.begin(&with_key(&key));
    let errors = [
        session.get::<u32>("a").await.unwrap_err(),
        session.take::<u32>("a").await.unwrap_err(),
        session.update("a", |n: &mut u32| *n = 1).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| matches!(error, Error::Decode { name, .. } if name == "a")));
    assert!(matches!(site.finish(&session).await.outcome, Outcome::Read));
    assert_eq!(&*site.record(&key).await.content.data, r#"{"a":"text"}"#);
}

#[tokio::test]
async fn users_have_1_to_128_characters_and_no_control_characters() {
    let site = Site::new();
    let session = site.begin(&HeaderMap::new());
    session.insert("a", &1).unwrap();
    for id in
        [String::new(), "é".repeat(UserId::LENGTH_MAX + 1), "a\0".into(), "\u{7f}".into(), "a\u{85}".into()]
    {
        let refused = |error: &Error| matches!(error, Error::UserId { length_max: 128, .. });
        assert!(refused(&session.set_user(&id).unwrap_err()), "{id:?}");
        assert!(refused(&site.layer.sessions().of_user(&id, None, 10).await.unwrap_err()));
        assert!(refused(&site.layer.sessions().end_all(&id).await.unwrap_err()));
    }
    assert_eq!(session.user().await.unwrap(), None);
    holds_only_a(&site, &session).await;
}

async fn set_and_read(names: &[String], value: &str) {
    let site = Site::new();
    let session = site.begin(&HeaderMap::new());
    session.insert("a", "").unwrap();
    let refused: Vec<bool> = names.iter().map(|name| session.insert(name, value).is_err()).collect();
    let key = given(&site.finish(&session).await).unwrap();
    let session = site.begin(&with_key(&key));
    for (name, refused) in names.iter().zip(refused) {
        assert_eq!(refused, name.is_empty() || name.len() > NAME_LENGTH_MAX, "{name:?}");
        let found: Option<String> = session.get(name).await.unwrap();
        assert_eq!(found.as_deref(), (!refused).then_some(value), "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_name_and_text_are_read_as_they_were_set(
        names in prop::collection::vec(prop_oneof![any::<String>(), ".{0,140}"], 0..4),
        value in any::<String>(),
    ) {
        block_on(set_and_read(&names, &value));
    }

    #[test]
    fn any_user_is_found_as_it_was_set(id in prop_oneof![any::<String>(), "\\PC{0,140}"]) {
        block_on(async {
            let site = Site::new();
            let session = site.begin(&HeaderMap::new());
            let set = session.set_user(&id);
            assert_eq!(set.is_ok(), UserId::new(&id).is_ok());
            let found = session.user().await.unwrap();
            assert_eq!(found.as_ref().map(UserId::as_str), set.is_ok().then_some(id.as_str()));
            site.finish(&session).await;
            if set.is_ok() {
                assert_eq!(site.layer.sessions().of_user(&id, None, 10).await.unwrap().len(), 1);
            }
        });
    }
}
