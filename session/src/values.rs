//! A session's values: JSON texts by name, and how they are written as the data that stores keep.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::Error;
use crate::json::{Json, Part};

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

/// A named value.
#[derive(Clone)]
struct Member {
    name: Part,
    json: Json,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.name.as_str() == other.name.as_str() && self.json == other.json
    }
}

/// The values of a session, and its epoch.
///
/// The epoch goes up whenever the session is cleared or bound to another user, so that a request that began before finds out (R3).
#[derive(Clone, Default)]
pub(crate) struct Values {
    /// In the order of their names; shared until one of those who share them changes them.
    members: Option<Arc<Vec<Member>>>,
    pub(crate) epoch: u64,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.members, &other.members) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        self.epoch == other.epoch && (same || self.members() == other.members())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("count", &self.members().len()).finish_non_exhaustive()
    }
}

impl Values {
    pub(crate) const EMPTY: Self = Self { members: None, epoch: 0 };

    fn members(&self) -> &[Member] {
        self.members.as_deref().map_or(&[], Vec::as_slice)
    }

    fn members_mut(&mut self) -> &mut Vec<Member> {
        Arc::make_mut(self.members.get_or_insert_default())
    }

    /// Where the value of a name is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.members().binary_search_by(|member| member.name.as_str().cmp(name))
    }

    /// How large the data are, as JSON: exactly, unless a name holds characters that JSON escapes.
    pub(crate) fn size(&self) -> usize {
        // The quotes, the colon and the comma of a member; the braces of all, and no comma after the last.
        let mut members = 0_usize;
        for Member { name, json } in self.members() {
            let (name, json) = (name.as_str().len(), json.text().len());
            members = members.saturating_add(name).saturating_add(json).saturating_add(4);
        }
        members.saturating_add(if members == 0 { 2 } else { 1 })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.place(name).ok().and_then(|at| self.members().get(at)).map(|member| &member.json)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members().iter().map(|member| member.name.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// Sets a value; one that means the same is left as it is written.
    pub(crate) fn set(&mut self, name: &str, value: Json) {
        match self.place(name) {
            Err(at) => self.members_mut().insert(at, Member { name: Part::own(name), json: value }),
            Ok(at) => {
                if self.members().get(at).is_some_and(|member| member.json != value)
                    && let Some(member) = self.members_mut().get_mut(at)
                {
                    member.json = value;
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            self.members_mut().remove(at);
        }
    }

    pub(crate) fn clear(&mut self) {
        if !self.is_empty() {
            self.members = None;
            self.epoch = self.epoch.saturating_add(1);
        }
    }

    /// The data of these values.
    pub(crate) fn encode(&self) -> Result<Arc<str>, Error> {
        let failed = |_| Error::Encode { name: "all values".to_owned(), given: "session" };
        let mut data = String::with_capacity(self.size().saturating_add(24));
        data.push('{');
        if self.epoch > 0 {
            data.push_str("\"\":");
            data.push_str(&self.epoch.to_string());
        }
        for Member { name, json } in self.members() {
            if data.len() > 1 {
                data.push(',');
            }
            if name.as_str().bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                data.push('"');
                data.push_str(name.as_str());
                data.push('"');
            } else {
                data.push_str(&serde_json::to_string(name.as_str()).map_err(failed)?);
            }
            data.push(':');
            data.push_str(json.text());
        }
        data.push('}');
        Ok(data.into())
    }

    /// The values of data; an error when they are no data of a session.
    pub(crate) fn decode(data: &Arc<str>) -> Result<Self, serde_json::Error> {
        let Members(read) = serde_json::from_str(data)?;
        let mut values = Self::EMPTY;
        let mut epoch = None;
        let mut members = Vec::with_capacity(read.len());
        for (name, json) in read {
            if name == EPOCH {
                epoch = Some(json);
            } else {
                members.push(Member {
                    name: Part::of(data, &name),
                    json: Json::part(Part::of(data, json.get())),
                });
            }
        }
        // As they are written they are in order, each once; of two of one name the last counts, as it does of two epochs.
        if let Some(epoch) = epoch {
            values.epoch = serde_json::from_str(epoch.get())?;
        }
        if !members.is_sorted_by(|one, next| one.name.as_str() < next.name.as_str()) {
            members.reverse();
            members.sort_by(|one, next| one.name.as_str().cmp(next.name.as_str()));
            members.dedup_by(|next, one| next.name.as_str() == one.name.as_str());
        }
        values.members = Some(Arc::new(members));
        Ok(values)
    }
}

/// The members of a JSON object as they stand there.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some((Name(name), json)) = map.next_entry()? {
            members.push((name, json));
        }
        Ok(Members(members))
    }
}

/// A name, borrowed where it stands there as it reads.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Cow, Json, Members, Values};

    #[test]
    fn a_name_is_borrowed_where_it_stands_as_it_reads() {
        let Members(read) = serde_json::from_str(r#"{"plain":1,"esc\u0061ped":2}"#).unwrap();
        let names: Vec<(bool, &str)> =
            read.iter().map(|(name, _)| (matches!(name, Cow::Borrowed(_)), &**name)).collect();
        assert_eq!(names, [(true, "plain"), (false, "escaped")]);
    }

    #[test]
    fn debug_says_how_many_there_are_and_nothing_of_them() {
        let mut values = Values::default();
        values.set("pin", Json::of("pin", "4711").unwrap());
        assert_eq!(format!("{values:?}"), "Values { count: 1, .. }");
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
        assert_eq!(Values::decode(&Arc::from(r#"{"":1,"n":1}"#)).unwrap(), values);
    }

    #[test]
    fn of_two_of_one_name_the_last_counts() {
        let values = Values::decode(&Arc::from(r#"{"b":1,"a":1,"b":2}"#)).unwrap();
        assert_eq!(&*values.encode().unwrap(), r#"{"a":1,"b":2}"#);
    }

    #[test]
    fn what_is_no_data_is_an_error() {
        for wrong in ["", "null", "[]", "{", r#"{"a":}"#, r#"{"":-1}"#, r#"{"":"x"}"#, "{} {}"] {
            assert!(Values::decode(&Arc::from(wrong)).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(map in any::<HashMap<String, Vec<Option<String>>>>()) {
            let mut values = Values::default();
            for (name, value) in map.iter().filter(|(name, _)| !name.is_empty()) {
                values.set(name, Json::of(name, value).unwrap());
            }
            prop_assert_eq!(Values::decode(&Arc::from(&*values.encode().unwrap())).unwrap(), values);
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(values) = Values::decode(&Arc::from(&*text)) {
                prop_assert_eq!(Values::decode(&Arc::from(&*values.encode().unwrap())).unwrap(), values);
            }
        }
    }
}
