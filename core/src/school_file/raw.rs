//! The fields of one line as JSON has them, before they mean anything: so that whatever is wrong is said of a field by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// A value as the format knows them.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u64),
    Truth(bool),
    List(Vec<Value<'a>>),
    Object(Fields<'a>),
    /// Anything that no field takes, by what it is.
    Other(&'static str),
}

impl Value<'_> {
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Truth(_) => "true or false",
            Self::List(items) if items.iter().all(|item| matches!(item, Self::Text(_))) => "a list of texts",
            Self::List(items) if items.iter().all(|item| matches!(item, Self::Object(_))) => {
                "a list of objects"
            }
            Self::List(_) => "a list of several things",
            Self::Object(_) => "an object",
            Self::Other(what) => what,
        }
    }
}

/// The fields of a line, or of an object in one, each once, in the order written.
#[derive(Clone, Debug, Default)]
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

    fn read<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = Self { fields: Vec::with_capacity(12), repeated: None };
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

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields<'de>, A::Error> {
                Fields::read(map)
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

            fn visit_bool<E>(self, truth: bool) -> Result<Value<'de>, E> {
                Ok(Value::Truth(truth))
            }

            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Other("null"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
                Fields::read(map).map(Value::Object)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_described_by_what_it_is() {
        for (value, what) in [
            (r#""x""#, "a text"),
            ("7", "a number"),
            ("true", "true or false"),
            (r#"["x","y"]"#, "a list of texts"),
            (r#"[{"a":1},{}]"#, "a list of objects"),
            (r#"["x",{}]"#, "a list of several things"),
            ("[7]", "a list of several things"),
            ("{}", "an object"),
            ("null", "null"),
            ("-1", "a negative number"),
            ("1.5", "a number with decimals"),
        ] {
            let line = format!("{{\"field\":{value}}}");
            let described = fields(&line).unwrap().take("field").map(|value| value.describe());
            assert_eq!(described, Some(what), "{value}");
        }
    }

    #[test]
    fn a_line_is_an_object_of_so_many_fields_at_most() {
        let said = fields("[]").unwrap_err().to_string();
        assert!(said.contains("expected a JSON object"), "{said}");
        let line = |count: u32| {
            let fields: Vec<String> = (0..count).map(|n| format!("\"f{n}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(fields(&line(64)).is_ok());
        for count in [65, 66] {
            let said = fields(&line(count)).unwrap_err().to_string();
            assert!(said.contains("more fields than any line has"), "{said}");
        }
    }
}
