//! Reads pages as a browser does, as far as the check needs it: forms with what is in their fields, links, and the text.

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Its name; with a slash before it where it is an end tag.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// Where in the page it ends.
    end: usize,
}

impl Tag {
    /// An attribute; empty where it has no value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// A form with what a browser would send of it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it is sent; empty for where it was shown.
    pub(crate) action: String,
    /// Its fields.
    pub(crate) fields: Vec<(String, String)>,
    /// Boxes that are not ticked.
    pub(crate) boxes: Vec<String>,
}

impl Form {
    /// What a field says.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Fills a field in.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.fields.retain(|(one, _)| one != name);
        self.fields.push((name.to_owned(), value.into()));
    }
}

/// The text with its references replaced, of those that the templates make.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let named = after.split_once(';').and_then(|(name, then)| {
            let sign = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => '\u{a0}',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let number = number.strip_prefix('x').map_or_else(
                        || number.parse::<u32>(),
                        |hexadecimal| u32::from_str_radix(hexadecimal, 16),
                    );
                    char::from_u32(number.ok()?)?
                }
            };
            Some((sign, then))
        });
        rest = if let Some((sign, then)) = named {
            plain.push(sign);
            then
        } else {
            plain.push('&');
            after
        };
    }
    plain.push_str(rest);
    plain
}

fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = text.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() {
            return found;
        }
        let rest = rest.trim_start();
        let (value, then) = match rest.strip_prefix('=').map(str::trim_start) {
            None => ("", rest),
            Some(rest) => match rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
                Some(quote) => {
                    let inner = rest.strip_prefix(quote).unwrap_or(rest);
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            },
        };
        found.push((name.to_ascii_lowercase(), unescaped(value)));
        text = then;
    }
}

/// The tags of a page, in order. An angle bracket in an attribute's quotes ends no tag.
pub(crate) fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) =
        page.get(at..).and_then(|rest| rest.find('<')).map(|found| at.saturating_add(found))
    {
        let mut quote = None;
        let end = page.get(start..).unwrap_or("").char_indices().find(|(_, c)| match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(*c);
                false
            }
            (Some(open), c) if open == *c => {
                quote = None;
                false
            }
            (None, '>') => true,
            _ => false,
        });
        let Some((length, _)) = end else { break };
        let end = start.saturating_add(length);
        let inner = page.get(start.saturating_add(1)..end).unwrap_or("");
        let named = inner.find(char::is_whitespace).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(named);
        at = end.saturating_add(1);
        tags.push(Tag { name: name.to_ascii_lowercase(), attributes: attributes(rest), end: at });
    }
    tags
}

/// The forms of a page.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    // The select that is open: its name, and what is chosen.
    let mut select: Option<(String, Option<String>, bool)> = None;
    for tag in tags(page) {
        let owned = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        match tag.name.as_str() {
            "form" => {
                inside = true;
                forms.push(Form { action: owned("action"), ..Form::default() });
            }
            "/form" => inside = false,
            "select" => select = Some((owned("name"), None, false)),
            "option" => {
                if let Some((_, chosen, said)) = &mut select
                    && (chosen.is_none() || (!*said && tag.get("selected").is_some()))
                {
                    *said = tag.get("selected").is_some();
                    *chosen = Some(owned("value"));
                }
            }
            "/select" => {
                if let (Some((name, Some(chosen), _)), Some(form)) = (select.take(), forms.last_mut()) {
                    form.fields.push((name, chosen));
                }
            }
            "input" if inside => {
                if let (Some(name), Some(form)) = (tag.get("name"), forms.last_mut()) {
                    let unticked =
                        matches!(tag.get("type"), Some("checkbox" | "radio")) && tag.get("checked").is_none();
                    if unticked {
                        form.boxes.push(name.to_owned());
                    } else {
                        form.fields.push((name.to_owned(), owned("value")));
                    }
                }
            }
            _ => {}
        }
    }
    forms
}

/// The text of a page, every run of spaces as one.
pub(crate) fn text(page: &str) -> String {
    let mut plain = String::new();
    let mut at = 0;
    for tag in tags(page) {
        let before = page.get(at..tag.end).unwrap_or("");
        plain.push_str(before.split_once('<').map_or(before, |(text, _)| text));
        plain.push(' ');
        at = tag.end;
    }
    plain.push_str(page.get(at..).unwrap_or(""));
    unescaped(&plain).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text right within the element of an id.
pub(crate) fn by_id(page: &str, id: &str) -> Option<String> {
    let tag = tags(page).into_iter().find(|tag| tag.get("id") == Some(id))?;
    let text = page.get(tag.end..)?.split('<').next()?;
    Some(unescaped(text).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Where the link leads that goes on to the next page.
pub(crate) fn next(page: &str) -> Option<String> {
    tags(page)
        .iter()
        .find(|tag| tag.name == "a" && tag.get("rel") == Some("next"))?
        .get("href")
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<!doctype html><body><p class="a > b">Paid &amp; done:&#32;<b id=sum>USD&nbsp;1,240.00</b></p>
        <form method="post" action="/a?x=1&amp;y=2">
        <input type="hidden" name="token" value=""><input type=hidden name=key value=k1 />
        <input name='note' value='it&#39;s "so"' required><input type="checkbox" name="again" value="yes">
        <select name="method"><option value="cash">Cash</option><option value="card" selected>Card</option></select>
        <select name="term"><option value="2026-1">1</option><option value="2026-2">2</option></select></form>
        <input name="stray" value="1"><form></form><a rel="next" href="/a?after=1&amp;b=2">Next</a>"##;

    #[test]
    fn forms_are_read_as_a_browser_sends_them() {
        let forms = forms(PAGE);
        let [form, empty] = forms.as_slice() else { panic!("{forms:?}") };
        assert_eq!(form.action, "/a?x=1&y=2");
        let fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected =
            [("token", ""), ("key", "k1"), ("note", "it's \"so\""), ("method", "card"), ("term", "2026-1")];
        assert_eq!(fields, expected);
        assert_eq!(form.boxes, ["again"]);
        assert_eq!(*empty, Form::default());
    }

    #[test]
    fn fields_are_filled_in_once() {
        let mut form = forms(PAGE).remove(0);
        form.set("key", "k2");
        form.set("more", "x");
        assert_eq!((form.get("key"), form.get("more"), form.get("stray")), (Some("k2"), Some("x"), None));
        assert_eq!(form.fields.iter().filter(|(name, _)| name == "key").count(), 1);
    }

    #[test]
    fn text_and_links_are_read() {
        assert!(text(PAGE).starts_with("Paid & done: USD 1,240.00"), "{}", text(PAGE));
        assert_eq!(by_id(PAGE, "sum").as_deref(), Some("USD 1,240.00"));
        assert_eq!(by_id(PAGE, "none"), None);
        assert_eq!(next(PAGE).as_deref(), Some("/a?after=1&b=2"));
    }

    #[test]
    fn broken_pages_are_read_as_far_as_they_go() {
        for page in
            ["", "<", "<form", "a < b", "<p class=\"", "&", "&#xffffffff; &x;", "<input name=é value=ß>"]
        {
            let _ = (forms(page), text(page), by_id(page, "x"), next(page));
        }
        assert_eq!(text("&#xffffffff; &x; & b"), "&#xffffffff; &x; & b");
    }
}
