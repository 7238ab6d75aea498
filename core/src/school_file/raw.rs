//! The fields of one line as JSON has them, before they mean anything: so that whatever is wrong is said of a field by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value as the format knows them.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u64),
    Texts(Vec<Cow<'a, str>>),
    /// Anything that no field takes, by what it is.
    Other(&'static str),
}

impl Value<'_> {
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Texts(_) => "a list of texts",
            Self::Other(what) => what,
        }
    }
}

/// The fields of a line, each once, in the order written.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    fields: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The first field that was written twice.
    pub(super) repeated: Option<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.swap_remove(at).1)
    }

    /// A field that nothing has taken.
    pub(super) fn left(&self) -> Option<&str> {
        self.fields.first().map(|(field, _)| &**field)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields { fields: Vec::with_capacity(12), repeated: None };
                while let Some(Value::Text(name)) = map.next_key()? {
                    let value = map.next_value()?;
                    if fields.repeated.is_none() && fields.fields.iter().any(|(field, _)| *field == name) {
                        fields.repeated = Some(name.to_string());
                    }
                    fields.fields.push((name, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(Value::Number(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
                Ok(Value::Other("a negative number"))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
                Ok(Value::Other("a number with decimals"))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
                Ok(Value::Other("true or false"))
            }

            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Other("null"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(value) = seq.next_element()? {
                    match value {
                        Value::Text(text) => texts.push(text),
                        _ => {
                            while seq.next_element::<IgnoredAny>()?.is_some() {}
                            return Ok(Value::Other("a list of other things than texts"));
                        }
                    }
                }
                Ok(Value::Texts(texts))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other("an object"))
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Reads the fields of one line.
pub(super) fn fields(line: &str) -> Result<Fields<'_>, serde_json::Error> {
    let fields: Fields<'_> = serde_json::from_str(line)?;
    if fields.fields.len() > 64 {
        return Err(serde_json::Error::custom("more fields than any line has"));
    }
    Ok(fields)
}
