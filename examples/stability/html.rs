//! Reads pages as a browser does: forms with what is in their fields, links, and the text.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

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

/// What is looked for in a page; nothing, where that is not written as it should be.
type Sought = LazyLock<Option<Selector>>;

macro_rules! sought {
    ($($name:ident = $text:literal;)*) => { $(static $name: Sought = LazyLock::new(|| Selector::parse($text).ok());)* };
}

sought! {
    FORM = "form";
    FIELD = "input[name], select[name]";
    OPTION = "option";
    NEXT = "a[rel=next]";
    WITH_ID = "[id]";
}

fn within<'a>(element: ElementRef<'a>, sought: &'static Sought) -> impl Iterator<Item = ElementRef<'a>> {
    sought.as_ref().into_iter().flat_map(move |sought| element.select(sought))
}

fn value(element: ElementRef<'_>, name: &str) -> String {
    element.attr(name).unwrap_or_default().to_owned()
}

/// What is chosen of a list: what is marked, else the first.
fn chosen(select: ElementRef<'_>) -> Option<String> {
    let marked = within(select, &OPTION).find(|option| option.attr("selected").is_some());
    marked.or_else(|| within(select, &OPTION).next()).map(|option| value(option, "value"))
}

/// The forms of a page.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let page = Html::parse_document(page);
    let form = |element: ElementRef<'_>| {
        let mut form = Form { action: value(element, "action"), ..Form::default() };
        for field in within(element, &FIELD) {
            let name = value(field, "name");
            if field.value().name() == "select" {
                form.fields.extend(chosen(field).map(|chosen| (name, chosen)));
            } else if matches!(field.attr("type"), Some("checkbox" | "radio"))
                && field.attr("checked").is_none()
            {
                form.boxes.push(name);
            } else {
                form.fields.push((name, value(field, "value")));
            }
        }
        form
    };
    within(page.root_element(), &FORM).map(form).collect()
}

/// Every run of spaces as one.
fn plain<'a>(text: impl Iterator<Item = &'a str>) -> String {
    let text: Vec<&str> = text.collect();
    text.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of a page, every run of spaces as one.
pub(crate) fn text(page: &str) -> String {
    plain(Html::parse_document(page).root_element().text())
}

/// The text within the element of an id.
pub(crate) fn by_id(page: &str, id: &str) -> Option<String> {
    let page = Html::parse_document(page);
    within(page.root_element(), &WITH_ID).find(|one| one.attr("id") == Some(id)).map(|one| plain(one.text()))
}

/// Where the link leads that goes on to the next page.
pub(crate) fn next(page: &str) -> Option<String> {
    let page = Html::parse_document(page);
    within(page.root_element(), &NEXT).next().map(|link| value(link, "href"))
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
        assert_eq!(text("&#xffffffff; &x; & b"), "\u{fffd} &x; & b");
    }
}
