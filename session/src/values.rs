//! A session's values: JSON texts by name, and how they are written as the data that stores keep.

use std::any::type_name;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::Error;

/// The most bytes of a value's name.
pub const NAME_LENGTH_MAX: usize = 128;

/// The name under which the data keep the epoch: one that no value can have.
const EPOCH: &str = "";

/// Checks a value's name.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let length = name.len();
    if (1..=NAME_LENGTH_MAX).contains(&length) {
        Ok(())
    } else {
        Err(Error::Name { length, length_max: NAME_LENGTH_MAX })
    }
}

/// A value as JSON.
#[derive(Clone)]
pub(crate) struct Json(Arc<RawValue>);

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(..)")
    }
}

impl Json {
    pub(crate) fn of<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Self, Error> {
        match serde_json::value::to_raw_value(value) {
            Ok(json) => Ok(Self(json.into())),
            Err(_) => Err(Error::Encode { name: name.to_owned(), given: type_name::<T>() }),
        }
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        serde_json::from_str(self.0.get())
            .map_err(|_| Error::Decode { name: name.to_owned(), asked: type_name::<T>() })
    }
}

impl PartialEq for Json {
    /// Whether they mean the same: a map that was written in another order, or a number in another form, is no other value.
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.get(), other.0.get());
        if ours == theirs {
            return true;
        }
        let parsed = |text| serde_json::from_str::<serde_json::Value>(text);
        matches!((parsed(ours), parsed(theirs)), (Ok(ours), Ok(theirs)) if ours == theirs)
    }
}

/// The values of a session, and its epoch.
///
/// The epoch goes up whenever the session is cleared or bound to another user, so that a request that began before finds out (R3).
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Values {
    by_name: BTreeMap<Box<str>, Json>,
    pub(crate) epoch: u64,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("count", &self.by_name.len()).finish_non_exhaustive()
    }
}

impl Values {
    pub(crate) const EMPTY: Self = Self { by_name: BTreeMap::new(), epoch: 0 };

    /// How large the data are, as JSON: exactly, unless a name holds characters that JSON escapes.
    pub(crate) fn size(&self) -> usize {
        // The quotes, the colon and the comma of a member; the braces of all, and no comma after the last.
        let mut members = 0_usize;
        for (name, json) in &self.by_name {
            members = members.saturating_add(name.len()).saturating_add(json.0.get().len()).saturating_add(4);
        }
        members.saturating_add(if members == 0 { 2 } else { 1 })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.by_name.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(AsRef::as_ref)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Sets a value; one that means the same is left as it is written.
    pub(crate) fn set(&mut self, name: &str, value: Json) {
        match self.by_name.entry(name.into()) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(mut place) => {
                if *place.get() != value {
                    place.insert(value);
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    pub(crate) fn clear(&mut self) {
        if !self.by_name.is_empty() {
            self.by_name.clear();
            self.epoch = self.epoch.saturating_add(1);
        }
    }

    /// The data of these values.
    pub(crate) fn encode(&self) -> Result<Arc<str>, Error> {
        let failed = |_| Error::Encode { name: "all values".to_owned(), given: "session" };
        let mut members: BTreeMap<&str, &RawValue> =
            self.by_name.iter().map(|(name, json)| (name.as_ref(), &*json.0)).collect();
        let epoch = serde_json::value::to_raw_value(&self.epoch).map_err(failed)?;
        if self.epoch > 0 {
            members.insert(EPOCH, &epoch);
        }
        serde_json::to_string(&members).map(Arc::from).map_err(failed)
    }

    /// The values of data; an error when they are no data of a session.
    pub(crate) fn decode(data: &str) -> Result<Self, serde_json::Error> {
        let mut by_name: BTreeMap<Box<str>, Box<RawValue>> = serde_json::from_str(data)?;
        let epoch = match by_name.remove(EPOCH) {
            Some(epoch) => serde_json::from_str(epoch.get())?,
            None => 0,
        };
        let by_name = by_name.into_iter().map(|(name, json)| (name, Json(json.into()))).collect();
        Ok(Self { by_name, epoch })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Json, Values};

    #[test]
    fn what_means_the_same_is_equal() {
        let json = |text: &str| Json(serde_json::from_str(text).unwrap());
        assert_eq!(json(r#"{"a":1,"b":[2]}"#), json(r#"{ "b": [2], "a": 1 }"#));
        assert_ne!(json("[1,2]"), json("[2,1]"));
        assert_ne!(json("1"), json("\"1\""));
    }

    #[test]
    fn data_are_a_json_object() {
        let mut values = Values::default();
        assert_eq!(&*values.encode().unwrap(), "{}");
        values.set("name", Json::of("name", "a \"b\"").unwrap());
        assert_eq!(&*values.encode().unwrap(), r#"{"name":"a \"b\""}"#);
        assert_eq!(values.size(), values.encode().unwrap().len());
        values.clear();
        values.clear();
        values.set("n", Json::of("n", &1).unwrap());
        assert_eq!(&*values.encode().unwrap(), r#"{"":1,"n":1}"#);
        assert_eq!(Values::decode(r#"{"":1,"n":1}"#).unwrap(), values);
    }

    #[test]
    fn what_is_no_data_is_an_error() {
        for wrong in ["", "null", "[]", "{", r#"{"a":}"#, r#"{"":-1}"#, r#"{"":"x"}"#, "{} {}"] {
            assert!(Values::decode(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(map in any::<HashMap<String, Vec<Option<String>>>>()) {
            let mut values = Values::default();
            for (name, value) in map.iter().filter(|(name, _)| !name.is_empty()) {
                values.set(name, Json::of(name, value).unwrap());
            }
            prop_assert_eq!(Values::decode(&values.encode().unwrap()).unwrap(), values);
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(values) = Values::decode(&text) {
                prop_assert_eq!(Values::decode(&values.encode().unwrap()).unwrap(), values);
            }
        }
    }
}
