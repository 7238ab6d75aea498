//! The office over HTTP: who may do what, what is refused, and that nothing is recorded twice, or at all, when it should not be.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;

use bursar::{AccountId, IntoName as _};
use bursar_office::clerks::{Known, Role};
use bursar_office::{Running, Settings, show, start};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Response, StatusCode, redirect};

const PASSWORD: &str = "a long password of a test";

/// An office in memory.
async fn office() -> Running {
    let settings = Settings {
        db: "memory".into(),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Settings::default()
    };
    let running = start(&settings).await.unwrap();
    let hash = running.office.passwords.hash(PASSWORD.into()).await.unwrap();
    for (name, role) in [("head", Role::Head), ("clerk", Role::Clerk)] {
        let known = Known { name: name.into(), role, password: hash.clone() };
        assert!(running.office.clerks.add(&known).await.unwrap());
    }
    running
}

/// A browser.
struct Browser {
    client: Client,
    url: String,
}

/// What it was answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    fn to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |to| to.to_str().unwrap())
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> String {
        let before = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&before).unwrap_or_else(|| panic!("no {name} in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    fn says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(words), "no {words:?} in {}", self.text);
    }
}

impl Browser {
    fn new(running: &Running) -> Self {
        let client = Client::builder().cookie_store(true).redirect(redirect::Policy::none());
        Self { client: client.build().unwrap(), url: running.url() }
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    async fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.url)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    async fn sign_in(&self, name: &str, password: &str, next: &str) -> Answer {
        let token = self.get("/sign-in").await.hidden("token");
        let fields = [("token", token.as_str()), ("name", name), ("password", password), ("next", next)];
        self.post("/sign-in", &fields).await
    }

    /// A browser of one who is signed in.
    async fn of(running: &Running, name: &str) -> Self {
        let browser = Self::new(running);
        assert_eq!(browser.sign_in(name, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
        browser
    }

    /// The token and the key of a form.
    async fn form(&self, path: &str) -> (String, String) {
        let page = self.get(path).await;
        (page.hidden("token"), page.hidden("key"))
    }
}

async fn entries(running: &Running, account: &str) -> usize {
    running.office.school.entries(account, 0, 1_000).await.unwrap().len()
}

const PAY: &str = "/students/1034/record/payment";

fn payment<'a>(form: &'a (String, String), amount: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("token", &form.0),
        ("key", &form.1),
        ("amount", amount),
        ("method", "cash"),
        ("term", "2026-3"),
        ("on", "2026-11-20"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_browsers_may_do_with_it() {
    let running = office().await;
    let (browser, nobody) = (Browser::of(&running, "head").await, Browser::new(&running));
    let mut answers = Vec::new();
    for path in ["/", "/students", "/students/1034", "/nowhere", "/students/nobody", "/audit", "/debtors.csv"]
    {
        answers.push(browser.get(path).await);
        answers.push(nobody.get(path).await);
    }
    answers.push(nobody.get("/sign-in").await);
    answers.push(nobody.get("/static/style.css").await);
    answers.push(nobody.post(PAY, &[]).await);
    answers.push(nobody.post_with(PAY, &[], &[("sec-fetch-site", "cross-site")]).await);
    for Answer { status, headers, .. } in answers {
        let said = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert!(!status.is_server_error());
        assert!(said("content-security-policy").starts_with("default-src 'none'"), "{headers:?}");
        assert!(!said("content-security-policy").contains("unsafe"));
        assert_eq!((said("x-content-type-options"), said("x-frame-options")), ("nosniff", "DENY"));
        assert!(matches!(said("cache-control"), "no-store" | "max-age=300"), "{headers:?}");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_from_elsewhere_are_refused() {
    let running = office().await;
    let browser = Browser::of(&running, "clerk").await;
    let form = browser.form("/students/1034").await;
    let before = entries(&running, "1034").await;
    let fields = payment(&form, "80");
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
    ] {
        browser.post_with(PAY, &fields, headers).await.says(403, "Nothing was done");
    }
    let other = Browser::of(&running, "clerk").await.form("/students/1034").await.0;
    for token in ["", "0", &other] {
        let forged = (token.to_owned(), form.1.clone());
        browser.post(PAY, &payment(&forged, "80")).await.says(403, "Form out of date");
    }
    assert_eq!(entries(&running, "1034").await, before);
    let origin = running.url();
    let answer = browser.post_with(PAY, &fields, &[("origin", &origin)]).await;
    assert_eq!((answer.status.as_u16(), entries(&running, "1034").await), (303, before + 1));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_records_once() {
    let running = office().await;
    let browser = Browser::of(&running, "clerk").await;
    let form = browser.form("/students/1034").await;
    let before = entries(&running, "1034").await;
    let first = browser.post(PAY, &payment(&form, "80")).await;
    assert!(first.to().ends_with("?done=recorded"), "{}", first.to());
    browser.get(first.to()).await.says(200, "USD\u{a0}80.00");
    // Sent again it is the same receipt, and says so; with another amount nothing is recorded.
    let again = browser.post(PAY, &payment(&form, "80.00")).await;
    assert_eq!(again.to(), first.to().replace("recorded", "before"));
    browser.get(again.to()).await.says(200, "had been recorded already, once");
    browser.post(PAY, &payment(&form, "81")).await.says(409, "Nothing was recorded now");
    assert_eq!(entries(&running, "1034").await, before + 1);
    // The same payment by a new form is asked about.
    let next = browser.form("/students/1034").await;
    let asked = browser.post(PAY, &payment(&next, "80")).await;
    asked.says(409, "Is this the same again?");
    assert_eq!((asked.hidden("key"), entries(&running, "1034").await), (next.1.clone(), before + 1));
    let sure = [payment(&next, "80"), vec![("again", "yes")]].concat();
    assert!(browser.post(PAY, &sure).await.to().ends_with("?done=recorded"));
    assert_eq!(entries(&running, "1034").await, before + 2);
    let last = running.office.school.entries("1034", 0, 1_000).await.unwrap().pop().unwrap();
    assert_eq!(last.recorded_by.as_deref(), Some("clerk"));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twenty_times_at_once_records_once() {
    let running = office().await;
    let browser = Browser::of(&running, "clerk").await;
    let form = browser.form("/students/1034").await;
    let before = entries(&running, "1034").await;
    let fields = payment(&form, "80");
    let answers = futures_util::future::join_all((0..20).map(|_| browser.post(PAY, &fields))).await;
    let receipt = |answer: &Answer| answer.to().split('?').next().unwrap().to_owned();
    assert!(answers.iter().all(|answer| answer.status == 303 && receipt(answer) == receipt(&answers[0])));
    let first = answers.iter().filter(|answer| answer.to().ends_with("?done=recorded")).count();
    assert_eq!((first, entries(&running, "1034").await), (1, before + 1));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_wrong_is_said_and_kept() {
    let running = office().await;
    let browser = Browser::of(&running, "clerk").await;
    let before = entries(&running, "1034").await;
    let form = browser.form("/students/1034").await;
    for (field, wrong, said) in [
        ("amount", "", "not an amount"),
        ("amount", "lots", "not an amount"),
        ("amount", "12,40", "not an amount"),
        ("amount", "0", "above zero"),
        ("amount", "-5", "above zero"),
        ("amount", "1.234", "decimals"),
        ("amount", "99999999999999999", ""),
        ("term", "2026-9", "2026-9"),
        ("term", "2027-1", "2027-1"),
        ("term", "soon", "is not a term; give a year"),
        ("on", "2025-06-01", "locked"),
        ("on", "yesterday", "yesterday"),
        ("method", "shells", "cash, bank, mobile"),
        ("method", "", "cash, bank, mobile"),
    ] {
        let mut fields = payment(&form, "80");
        fields.retain(|(name, _)| *name != field);
        fields.extend([(field, wrong), ("reference", "typed & kept")]);
        let answer = browser.post(PAY, &fields).await;
        assert_eq!(answer.status, 422, "{field} {wrong:?}: {}", answer.text);
        assert!(
            answer.text.contains("role=\"alert\"") && answer.text.contains(said),
            "{wrong:?}: {}",
            answer.text
        );
        assert!(answer.text.contains("typed &#38; kept"), "{}", answer.text);
        assert_eq!(answer.hidden("key"), form.1, "the form keeps its key");
    }
    let keyless = (form.0.clone(), "../../x".to_owned());
    browser.post(PAY, &payment(&keyless, "80")).await.says(400, "bore no key");
    assert_eq!(browser.post("/students/nobody/record/payment", &payment(&form, "80")).await.status, 404);
    assert_eq!(browser.get("/students/1034/record/theft").await.status, 404);
    assert_eq!(entries(&running, "1034").await, before);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_out_is_told_what_became_of_it() {
    let running = office().await;
    let browser = Browser::of(&running, "clerk").await;
    let (sent, unsent) = (browser.form("/students/1034").await, browser.form("/students/1034").await);
    assert_eq!(browser.post(PAY, &payment(&sent, "80")).await.status, 303);
    let before = entries(&running, "1034").await;
    browser.post("/sign-out", &[("token", &sent.0)]).await.says(200, "You are signed out");
    let page = browser.get("/students?sort=owed").await;
    assert_eq!((page.status.as_u16(), page.to()), (303, "/sign-in?next=%2Fstudents%3Fsort%3Dowed"));
    browser
        .post(PAY, &payment(&sent, "80"))
        .await
        .says(409, "What you sent was recorded, once: payment of USD\u{a0}80.00");
    browser.post(PAY, &payment(&unsent, "80")).await.says(409, "What you sent was not recorded");
    assert_eq!(entries(&running, "1034").await, before);
    // And back: to the page that was asked for.
    assert_eq!(browser.sign_in("clerk", PASSWORD, "/students?sort=owed").await.to(), "/students?sort=owed");
    assert_eq!(browser.get("/students?sort=owed").await.status, 200);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_gives_a_new_key_and_leads_nowhere_else() {
    let running = office().await;
    let browser = Browser::new(&running);
    let planted = browser.client.get(format!("{}/sign-in", running.url())).send().await.unwrap();
    let cookie = |response: &HeaderMap| {
        let header = response.get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        header.map(|header| header.split(';').next().unwrap().to_owned())
    };
    let old = cookie(planted.headers()).unwrap();
    let answer = browser.sign_in("Clerk", PASSWORD, "//elsewhere.example/").await;
    assert_eq!((answer.status.as_u16(), answer.to()), (303, "/"));
    let new = cookie(&answer.headers).unwrap();
    assert_ne!(old, new);
    let with = |cookie: &str| {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        client.get(running.url()).header("cookie", cookie.to_owned())
    };
    assert_eq!(with(&new).send().await.unwrap().status(), 200);
    assert_eq!(with(&old).send().await.unwrap().status(), 303);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_lock_a_name_known_or_not() {
    let running = office().await;
    let browser = Browser::new(&running);
    for name in ["clerk", "nobody"] {
        for _ in 0..5 {
            browser
                .sign_in(name, "a wrong password", "")
                .await
                .says(401, "The name or the password is wrong");
        }
        browser.sign_in(name, PASSWORD, "").await.says(429, "Too many attempts");
    }
    assert_eq!(browser.sign_in("head", PASSWORD, "").await.status, 303, "others are not locked");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_head_does_what_is_the_heads() {
    let running = office().await;
    let (clerk, head) = (Browser::of(&running, "clerk").await, Browser::of(&running, "head").await);
    let before = entries(&running, "1034").await;
    let (token, key) = clerk.form("/students/1034").await;
    for path in [
        "/students/1034/reverse/1",
        "/students/1034/record/write-off",
        "/terms/new",
        "/terms/2027-1/activate",
        "/terms/2027-1/fees",
        "/terms/2026-3/reprice?group=ECD&code=meals",
        "/terms/2026-3/close",
        "/arrears",
        "/audit",
        "/staff",
    ] {
        clerk.get(path).await.says(403, "Ask the head");
        assert_eq!(head.get(path).await.status, 200, "{path}");
        if path != "/arrears" {
            let fields =
                [("token", token.as_str()), ("key", &key), ("amount", "1"), ("reason", "x"), ("name", "x")];
            clerk.post(path, &fields).await.says(403, "Ask the head");
        }
    }
    let remove = [("token", token.as_str()), ("name", "head")];
    clerk.post("/staff/remove", &remove).await.says(403, "Ask the head");
    assert_eq!(entries(&running, "1034").await, before);
    let page = clerk.get("/students/1034").await;
    assert!(
        !page.text.contains("/reverse/") && !page.text.contains("write-off") && !page.text.contains("/audit")
    );
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_reverses_activates_and_prices() {
    let running = office().await;
    let head = Browser::of(&running, "head").await;
    let pay = head.form("/students/1034").await;
    head.post(PAY, &payment(&pay, "80")).await;
    let school = &running.office.school;
    let position = school.account("1034").await.unwrap().version;
    let path = format!("/students/1034/reverse/{position}");
    let (token, key) = head.form(&path).await;
    let fields = |reason| [("token", token.clone()), ("key", key.clone()), ("reason", reason)];
    let send = async |reason: &str| {
        let fields = fields(reason.to_owned());
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        head.post(&path, &fields).await
    };
    send("").await.says(422, "role=\"alert\"");
    assert!(send("typed wrong").await.to().contains("done=recorded"));
    assert!(send("typed wrong").await.to().contains("done=before"), "a reversal sent again is the same");
    let (token, key) = head.form(&path).await;
    let anew = [("token", token.as_str()), ("key", &key), ("reason", "again")];
    head.post(&path, &anew).await.says(422, "reversed");

    let page = head.get("/terms/2027-1/activate").await;
    let (token, run) = (page.hidden("token"), page.hidden("run"));
    let start = [("token", token.as_str()), ("run", &run)];
    let run = head.post("/terms/2027-1/activate", &start).await;
    let same = head.post("/terms/2027-1/activate", &start).await;
    assert_eq!((run.status.as_u16(), run.to()), (303, same.to()));
    let mut page = head.get(run.to()).await;
    while page.text.contains("http-equiv=\"refresh\"") {
        page = head.get(run.to()).await;
    }
    page.says(200, "Done: ");
    let term = bursar::TermId::new(2027, 1).unwrap();
    assert_eq!(school.current_term().await.unwrap(), Some(term));
    let last = school.entries("1034", 0, 1_000).await.unwrap().pop().unwrap();
    assert_eq!((last.term, last.recorded_by.as_deref()), (term, Some("head")));

    let path = "/terms/2027-1/reprice?group=PRIMARY&code=meals";
    let page = head.get(path).await;
    let (token, from) = (page.hidden("token"), page.hidden("from"));
    let price = |amount| {
        [
            ("token", token.as_str()),
            ("group", "PRIMARY"),
            ("code", "meals"),
            ("from", from.as_str()),
            ("amount", amount),
            ("reason", "typed wrong"),
        ]
    };
    head.post("/terms/2027-1/reprice", &price("x")).await.says(422, "role=\"alert\"");
    head.post("/terms/2027-1/reprice", &price("51.00")).await.says(200, "were reversed and made again");
    head.post("/terms/2027-1/reprice", &price("51.00")).await.says(200, "0 charges");
    // The form was shown at another price than there is now.
    head.post("/terms/2027-1/reprice", &price("49.00"))
        .await
        .says(409, "was changed since this form was shown");
    head.get("/terms/2027-1").await.says(200, "USD\u{a0}51.00");
    head.get("/audit").await.says(200, "The book is clean");
    // What was done before a sign-out is not said to be undone.
    head.post("/sign-out", &[("token", &token)]).await.says(200, "You are signed out");
    let late = head.post("/terms/2027-1/activate", &start).await;
    late.says(409, "Nothing was done now. If you had sent this before");
    assert!(!late.text.contains("not recorded"), "{}", late.text);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_who_is_removed_is_out_at_once_and_a_password_ends_other_sessions() {
    let running = office().await;
    let (clerk, head) = (Browser::of(&running, "clerk").await, Browser::of(&running, "head").await);
    let token = head.get("/staff").await.hidden("token");
    head.post("/staff/remove", &[("token", &token), ("name", "head")])
        .await
        .says(409, "cannot remove yourself");
    assert_eq!(head.post("/staff/remove", &[("token", &token), ("name", "clerk")]).await.status, 303);
    assert_eq!(clerk.get("/").await.status, 303);
    assert_eq!(clerk.sign_in("clerk", PASSWORD, "").await.status, 401);
    head.post("/staff", &[("token", &token), ("name", "no name!"), ("role", "clerk")])
        .await
        .says(422, "a to z");
    let made = head.post("/staff", &[("token", &token), ("name", "clerk"), ("role", "clerk")]).await;
    let (_, password) = made.text.split_once("id=\"made\">").unwrap();
    let password = password.split('<').next().unwrap().to_owned();
    assert_eq!(clerk.sign_in("clerk", &password, "").await.status, 303);
    // A new one by the head: the old one and the sessions are over.
    let made = head.post("/staff/password", &[("token", &token), ("name", "clerk")]).await;
    let (_, new) = made.text.split_once("id=\"made\">").unwrap();
    let new = new.split('<').next().unwrap();
    assert_eq!(clerk.get("/").await.status, 303);
    assert_eq!(clerk.sign_in("clerk", &password, "").await.status, 401);
    assert_eq!(clerk.sign_in("clerk", new, "").await.status, 303);
    let nobody = [("token", token.as_str()), ("name", "nobody")];
    assert_eq!(head.post("/staff/password", &nobody).await.status, 404);
    assert_eq!(clerk.post("/staff/password", &nobody).await.status, 403);

    let second = Browser::of(&running, "head").await;
    second.get("/me").await.says(200, "this window");
    let change = |now, new, again| [("token", token.as_str()), ("now", now), ("new", new), ("again", again)];
    let long = "another long password";
    head.post("/me", &change("wrong", long, long)).await.says(422, "another one");
    head.post("/me", &change(PASSWORD, "short", "short")).await.says(422, "12 to 128");
    head.post("/me", &change(PASSWORD, long, "else")).await.says(422, "twice alike");
    head.post("/me", &change(PASSWORD, long, long)).await.says(200, "1 other sessions");
    assert_eq!((head.get("/").await.status.as_u16(), second.get("/").await.status.as_u16()), (200, 303));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended() {
    let running = office().await;
    let (here, there) = (Browser::of(&running, "clerk").await, Browser::of(&running, "clerk").await);
    let page = here.get("/me").await;
    assert_eq!(
        (page.text.matches("this window").count(), page.text.matches("End the session").count()),
        (1, 1)
    );
    let (token, id) = (page.hidden("token"), page.hidden("id"));
    assert_eq!(here.post("/me/sessions", &[("token", &token), ("id", &id)]).await.status, 303);
    assert_eq!((here.get("/").await.status.as_u16(), there.get("/").await.status.as_u16()), (200, 303));
    let there = Browser::of(&running, "clerk").await;
    assert_eq!(here.post("/me/sessions", &[("token", &token)]).await.status, 303);
    assert_eq!((here.get("/").await.status.as_u16(), there.get("/").await.status.as_u16()), (200, 303));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_letters_are_shown_and_found() {
    let running = office().await;
    let clerk = Browser::of(&running, "clerk").await;
    let token = clerk.get("/students/new").await.hidden("token");
    for name in ["a/b", "<script>alert(1)</script>", "50% & more?", "語 17", "..", "a\"b'c"] {
        let fields = [
            ("token", token.as_str()),
            ("account", name),
            ("groups", "PRIMARY, UPPER"),
            ("on", "2026-11-20"),
        ];
        let enrolled = clerk.post("/students/new", &fields).await;
        assert_eq!(enrolled.status, 303, "{name}: {}", enrolled.text);
        let path = enrolled.to().to_owned();
        let page = clerk.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<script"), "{}", page.text);
        let form = (page.hidden("token"), page.hidden("key"));
        let paid = clerk.post(&format!("{path}/record/payment"), &payment(&form, "80")).await;
        clerk.get(paid.to()).await.says(200, "USD\u{a0}80.00");
        let found = clerk.get(&format!("/students?search={}", show::query(name))).await;
        assert!(found.text.contains(&path), "{name} is found: {}", found.text);
        let account: AccountId = name.into_name().unwrap();
        assert_eq!(running.office.school.account(&account).await.unwrap().groups.len(), 2);
    }
    let fields = [("token", token.as_str()), ("account", " "), ("groups", "PRIMARY"), ("on", "2026-11-20")];
    clerk.post("/students/new", &fields).await.says(422, "role=\"alert\"");
    running.stop().await.unwrap();
}

/// A form with a file in it.
async fn upload(browser: &Browser, token: &str, name: &str, file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (field, value) in
        [("token", token), ("name", name), ("term", "2026-3"), ("reason", "from an old book")]
    {
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n");
    body.extend(file);
    body.extend(b"\r\n--x--\r\n");
    let request = browser.client.post(format!("{}/arrears", browser.url)).body(body);
    Answer::of(request.header("content-type", "multipart/form-data; boundary=x").send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn arrears_are_checked_shown_and_recorded_once() {
    let running = office().await;
    let head = Browser::of(&running, "head").await;
    let token = head.get("/arrears").await.hidden("token");
    let before = entries(&running, "1034").await;
    upload(&head, &token, "old", b"account,amount\n1034,12.345\nnobody,1\n")
        .await
        .says(200, "The file has faults");
    upload(&head, &token, "old", b"").await.says(422, "Choose a file");
    upload(&head, &token, "old", b"\xff\xfe").await.says(400, "UTF-8");
    upload(&head, &token, "", b"account,amount\n1034,1\n").await.says(422, "role=\"alert\"");
    upload(&head, "forged", "old", b"account,amount\n1034,1\n").await.says(403, "Form out of date");
    upload(&head, &token, "old", &vec![b'x'; 3 << 20]).await.says(400, "could not be read");
    assert_eq!(entries(&running, "1034").await, before);
    let checked = upload(
        &head,
        &token,
        "old",
        b"account,amount,reason\n1034,12.50,\"a \"\"loan\"\" of <b>\"\nT-01,-3,\n",
    )
    .await;
    checked.says(200, "2 would be recorded, USD\u{a0}9.50 in sum");
    let text = "account,amount,reason\n1034,12.50,\"a \"\"loan\"\" of <b>\"\nT-01,-3,\n";
    let name = checked.hidden("name");
    let fields = [
        ("token", token.as_str()),
        ("name", &name),
        ("term", "2026-3"),
        ("reason", "from an old book"),
        ("text", text),
    ];
    head.post("/arrears/post", &fields).await.says(200, "2 lines were recorded");
    head.post("/arrears/post", &fields).await.says(200, "0 lines were recorded");
    assert_eq!(entries(&running, "1034").await, before + 1);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn students_are_searched_filtered_and_paged() {
    let running = office().await;
    let clerk = Browser::of(&running, "clerk").await;
    let count = async |query: &str| -> usize {
        let page = clerk.get(&format!("/students?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        let (before, _) = page.text.split_once(" students").unwrap();
        before.rsplit('>').next().unwrap().trim().parse().unwrap()
    };
    let all = count("").await;
    assert_eq!(all, 280);
    let mut by_status = 0;
    for status in ["paid", "partial", "unpaid"] {
        by_status += count(&format!("status={status}")).await;
    }
    assert_eq!(by_status, all);
    let mut by_standing = 0;
    for standing in bursar::Standing::ALL {
        by_standing += count(&format!("standing={standing}")).await;
    }
    assert_eq!(by_standing, all);
    assert_eq!(
        (count("search=1034").await, count("search=zzz").await, count("group=ECD&search=t-").await < all),
        (1, 0, true)
    );
    // The pages hold everybody once.
    assert_eq!(links(&clerk, "/students?sort=owed&page=1").await.len(), all);
    running.stop().await.unwrap();
}

/// The links in the first cells of a list, over all of its pages; each once.
async fn links(browser: &Browser, first: &str) -> std::collections::BTreeSet<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut path = Some(first.to_owned());
    while let Some(page) = path {
        let text = browser.get(&page).await.text;
        for row in text.split("<th scope=\"row\"><a href=\"").skip(1) {
            assert!(seen.insert(row.split('"').next().unwrap().to_owned()), "{row}");
        }
        path = text.split_once("rel=\"next\"").map(|(before, _)| {
            let link = before.rsplit("href=\"").next().unwrap();
            link.split('"').next().unwrap().replace("&#38;", "&")
        });
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn debtors_are_paged_and_downloaded() {
    let running = office().await;
    let clerk = Browser::of(&running, "clerk").await;
    for query in ["", "?sort=age", "?standing=active&at_least=50", "?overdue=60&group=PRIMARY"] {
        let shown = links(&clerk, &format!("/debtors{query}")).await;
        let csv = clerk.get(&format!("/debtors.csv{query}")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        let rows: std::collections::BTreeSet<String> = csv
            .text
            .lines()
            .skip(1)
            .map(|row| format!("/students/{}", row.split(',').next().unwrap()))
            .collect();
        assert!(!rows.is_empty(), "{query}");
        assert_eq!(shown, rows, "{query}");
    }
    let all = links(&clerk, "/debtors").await.len();
    assert!(
        all > 50 && links(&clerk, "/debtors?at_least=500").await.len() < all,
        "more than a page, and a filter"
    );
    clerk.get("/debtors?at_least=lots").await.says(200, "role=\"alert\"");
    clerk.get("/debtors.csv?at_least=lots").await.says(422, "not an amount");
    clerk.get("/debtors?after=garbage").await.says(200, "Outstanding");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_student_is_moved_one_step_a_form() {
    let running = office().await;
    let clerk = Browser::of(&running, "clerk").await;
    let (path, school) = ("/students/1034/standing", &running.office.school);
    let token = clerk.get(path).await.hidden("token");
    let on = ("on", "2026-11-20");
    let moved = async |fields: &[(&str, &str)]| {
        clerk.post(path, &[&[("token", token.as_str()), on], fields].concat()).await
    };
    assert_eq!(moved(&[("groups", "PRIMARY, BOARDING")]).await.status, 303);
    // Refused as a whole: groups that come with a standing are not moved either.
    moved(&[("standing", "alumni"), ("groups", "ECD")]).await.says(422, "role=\"alert\"");
    moved(&[("standing", "asleep"), ("groups", "ECD")]).await.says(422, "active, on_leave");
    moved(&[("groups", "")]).await.says(422, "role=\"alert\"");
    let account = school.account("1034").await.unwrap();
    assert_eq!((account.groups.len(), account.standing), (2, bursar::Standing::Active));
    assert_eq!(moved(&[("standing", "on_leave")]).await.status, 303);
    let account = school.account("1034").await.unwrap();
    assert_eq!((account.groups.len(), account.standing), (2, bursar::Standing::OnLeave));
    running.stop().await.unwrap();
}
