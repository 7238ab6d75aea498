//! What an answer to a form says of the payment, and whether that was true. Nothing here asks anybody: it is all as it was heard.

/// What an answer says became of a form that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was recorded by this: the receipt's number.
    Recorded(String),
    /// It had been recorded before: the receipt's number.
    Before(String),
    /// The session has ended, and it was recorded: what the page says of the entry.
    WasRecorded {
        /// The amount, with its currency.
        amount: String,
        /// The account.
        account: String,
        /// The position in the account.
        position: String,
    },
    /// The session has ended, and it was not recorded.
    WasNot,
    /// The form is not of this session, and nothing was done.
    OutOfDate,
    /// Others changed the same account again and again, and nothing was recorded.
    Contended,
    /// Whether it is another payment like one of a moment ago; nothing was recorded yet.
    AskedBack,
    /// It may have been recorded or not.
    Open,
    /// There was no answer.
    Unanswered,
    /// Anything else, which should not be.
    Odd(String),
}

impl Told {
    /// The words for it in the table.
    pub(crate) const fn words(&self) -> &'static str {
        match self {
            Self::Recorded(_) => "recorded: 303 to the receipt",
            Self::Before(_) => "recorded before: 303 to the receipt",
            Self::WasRecorded { .. } => "told that it was recorded: 409 or 403",
            Self::WasNot => "session over: 409, it was not recorded",
            Self::OutOfDate => "form of another session: 403, nothing done",
            Self::Contended => "account contended: 409, nothing recorded",
            Self::AskedBack => "like another one: 409, asked back",
            Self::Open => "session over: 409, may have been done",
            Self::Unanswered => "no answer",
            Self::Odd(_) => "anything else",
        }
    }

    /// Whether it says that there is an entry.
    pub(crate) const fn says_recorded(&self) -> bool {
        matches!(self, Self::Recorded(_) | Self::Before(_) | Self::WasRecorded { .. })
    }

    /// Whether it says that there is none.
    pub(crate) const fn says_not(&self) -> bool {
        matches!(self, Self::WasNot | Self::OutOfDate | Self::Contended | Self::AskedBack)
    }

    fn receipt(&self) -> Option<&str> {
        match self {
            Self::Recorded(number) | Self::Before(number) => Some(number),
            _ => None,
        }
    }
}

/// What the answer says: its status, where it leads, the text of its page, and whether there is a box to tick for "record it too".
pub(crate) fn told(status: u16, location: Option<&str>, text: &str, has_box: bool) -> Told {
    let odd = || {
        let text: String = text.chars().take(160).collect();
        Told::Odd(format!("{status}, to {}: {text}", location.unwrap_or("nowhere")))
    };
    match status {
        303 => {
            match location.and_then(|to| to.strip_prefix("/receipts/")).and_then(|to| to.split_once("?done="))
            {
                Some((number, "recorded")) => Told::Recorded(number.to_owned()),
                Some((number, "before")) => Told::Before(number.to_owned()),
                _ => odd(),
            }
        }
        409 if has_box => Told::AskedBack,
        403 | 409 if text.contains("What you sent was recorded, once: ") => {
            was_recorded(text).unwrap_or_else(odd)
        }
        409 if text.contains("What you sent was not recorded.") => Told::WasNot,
        409 if text.contains("may have been done already")
            || text.contains("cannot be told at the moment") =>
        {
            Told::Open
        }
        409 if text.contains("Nothing was recorded; try again.") => Told::Contended,
        403 if text.contains("Nothing was done now.") => Told::OutOfDate,
        _ => odd(),
    }
}

/// "What you sent was recorded, once: payment of USD 80.00 for 1034, no. 7 there."
fn was_recorded(text: &str) -> Option<Told> {
    let (_, text) = text.split_once("What you sent was recorded, once: payment of ")?;
    let (amount, text) = text.split_once(" for ")?;
    let (account, text) = text.split_once(", no. ")?;
    let (position, _) = text.split_once(" there.")?;
    Some(Told::WasRecorded {
        amount: amount.to_owned(),
        account: account.to_owned(),
        position: position.to_owned(),
    })
}

/// What became of one request.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    /// When it was sent, in microseconds of the check.
    pub(crate) began: u64,
    /// When it was answered.
    pub(crate) ended: u64,
    /// What the answer says.
    pub(crate) told: Told,
}

/// A payment as it was filled in, and all that was heard of it.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    /// The account.
    pub(crate) account: String,
    /// The amount with its currency, as pages show it.
    pub(crate) amount: String,
    /// Every time that its form was sent.
    pub(crate) sends: Vec<Send>,
}

/// An entry as the book has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entered {
    /// The account.
    pub(crate) account: String,
    /// The amount with its currency, as pages show it.
    pub(crate) amount: String,
    /// The position in the account.
    pub(crate) position: String,
    /// The receipt's number.
    pub(crate) receipt: String,
}

/// What is wrong between what was heard of a payment and what the book has under its key.
pub(crate) fn judge(payment: &Payment, entries: &[Entered]) -> Vec<String> {
    let mut wrong = Vec::new();
    let recorded = payment.sends.iter().filter(|send| matches!(send.told, Told::Recorded(_))).count();
    if entries.len() > 1 {
        wrong.push(format!("it is in the book {} times", entries.len()));
    }
    if recorded > 1 {
        wrong.push(format!("{recorded} answers say that they recorded it"));
    }
    for send in &payment.sends {
        if let Told::Odd(what) = &send.told {
            wrong.push(format!("an answer that should not be: {what}"));
        }
    }
    let mut receipts: Vec<&str> = payment.sends.iter().filter_map(|send| send.told.receipt()).collect();
    receipts.sort_unstable();
    receipts.dedup();
    if receipts.len() > 1 {
        wrong.push(format!("its receipt has several numbers: {}", receipts.join(", ")));
    }
    let Some(entry) = entries.first() else {
        if let Some(send) = payment.sends.iter().find(|send| send.told.says_recorded()) {
            wrong.push(format!("it is not in the book, and an answer says: {:?}", send.told));
        }
        return wrong;
    };
    if (&entry.account, &entry.amount) != (&payment.account, &payment.amount) {
        wrong.push(format!("the book has {} for {}", entry.amount, entry.account));
    }
    for send in &payment.sends {
        let lies = match &send.told {
            Told::Recorded(number) | Told::Before(number) => *number != entry.receipt,
            Told::WasRecorded { amount, account, position } => {
                (amount, account, position) != (&entry.amount, &entry.account, &entry.position)
            }
            _ => false,
        };
        if lies {
            wrong.push(format!("the book has {entry:?}, and an answer says: {:?}", send.told));
        }
    }
    // Whoever recorded it was told so, or that it is open.
    let owned = |send: &Send| matches!(send.told, Told::Recorded(_) | Told::Open | Told::Unanswered);
    if !payment.sends.iter().any(owned) {
        let answers: Vec<&Told> = payment.sends.iter().map(|send| &send.told).collect();
        wrong.push(format!("it is in the book, and nobody was told that he recorded it: {answers:?}"));
    }
    let known = payment.sends.iter().filter(|send| send.told.says_recorded()).map(|send| send.ended).min();
    if let Some(send) = payment
        .sends
        .iter()
        .find(|send| send.told.says_not() && known.is_some_and(|known| send.began > known))
    {
        wrong.push(format!("it had been recorded, and an answer says: {:?}", send.told));
    }
    wrong
}

/// What is wrong with an answer whatever was asked.
pub(crate) fn judge_status(status: u16, asked: &str) -> Option<String> {
    (status >= 500).then(|| format!("{asked} was answered with {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered() -> Entered {
        Entered {
            account: "1034".into(),
            amount: "USD 80.00".into(),
            position: "7".into(),
            receipt: "1034%2F7-K".into(),
        }
    }

    fn payment(told: &[Told]) -> Payment {
        let sends = (0_u64..).zip(told);
        let sends =
            sends.map(|(at, told)| Send { began: at * 10, ended: at * 10 + 5, told: told.clone() }).collect();
        Payment { account: "1034".into(), amount: "USD 80.00".into(), sends }
    }

    fn recorded() -> Told {
        Told::Recorded("1034%2F7-K".into())
    }

    fn was_recorded(amount: &str, account: &str, position: &str) -> Told {
        Told::WasRecorded { amount: amount.into(), account: account.into(), position: position.into() }
    }

    /// The findings about these answers, where the book has these entries.
    fn judged(told: &[Told], entries: &[Entered]) -> Vec<String> {
        judge(&payment(told), entries)
    }

    #[test]
    fn true_answers_are_no_findings() {
        let before = Told::Before("1034%2F7-K".into());
        let was = was_recorded("USD 80.00", "1034", "7");
        let here: [&[Told]; 6] = [
            &[recorded()],
            &[recorded(), before.clone(), before.clone(), was.clone()],
            &[Told::AskedBack, recorded()],
            &[Told::WasNot, recorded()],
            &[Told::Open, was],
            &[Told::Unanswered, before],
        ];
        for told in here {
            assert_eq!(judged(told, &[entered()]), Vec::<String>::new(), "{told:?}");
        }
        for told in
            [Told::WasNot, Told::OutOfDate, Told::Open, Told::Contended, Told::AskedBack, Told::Unanswered]
        {
            assert_eq!(judged(std::slice::from_ref(&told), &[]), Vec::<String>::new(), "{told:?}");
        }
    }

    #[test]
    fn an_answer_that_lies_is_a_finding() {
        let elsewhere = Told::Recorded("1034%2F8-M".into());
        let not_there: [&[Told]; 3] =
            [&[recorded()], &[was_recorded("USD 80.00", "1034", "7")], &[Told::Before("1034%2F7-K".into())]];
        for told in not_there {
            let found = judged(told, &[]);
            assert!(found.iter().any(|found| found.contains("it is not in the book")), "{told:?}: {found:?}");
        }
        let there: [(&[Told], &str); 8] = [
            (&[Told::WasNot], "nobody was told that he recorded it"),
            (&[Told::Before("1034%2F7-K".into())], "nobody was told that he recorded it"),
            (&[recorded(), Told::WasNot], "it had been recorded, and an answer says"),
            (&[recorded(), Told::OutOfDate], "it had been recorded, and an answer says"),
            (&[recorded(), was_recorded("USD 80.00", "1034", "8")], "and an answer says"),
            (&[recorded(), was_recorded("USD 8.00", "1034", "7")], "and an answer says"),
            (&[elsewhere], "and an answer says"),
            (&[recorded(), Told::Before("1034%2F8-M".into())], "several numbers"),
        ];
        for (told, words) in there {
            let found = judged(told, &[entered()]);
            assert!(found.iter().any(|found| found.contains(words)), "{told:?}: {found:?}");
        }
    }

    #[test]
    fn a_doubled_entry_is_a_finding() {
        let twice = [entered(), Entered { position: "8".into(), receipt: "1034%2F8-M".into(), ..entered() }];
        assert_eq!(judged(&[recorded()], &twice), ["it is in the book 2 times"]);
        let both = [recorded(), Told::Recorded("1034%2F7-K".into())];
        assert_eq!(judged(&both, &[entered()]), ["2 answers say that they recorded it"]);
    }

    #[test]
    fn another_amount_or_account_is_a_finding() {
        for entry in [
            Entered { amount: "USD 8.00".into(), ..entered() },
            Entered { account: "1035".into(), ..entered() },
        ] {
            assert_eq!(judged(&[recorded()], &[entry]).len(), 1);
        }
    }

    #[test]
    fn a_status_of_500_is_a_finding() {
        for status in [500, 502, 503] {
            let found = judge_status(status, "GET /").unwrap();
            assert_eq!(found, format!("GET / was answered with {status}"));
        }
        for status in [200, 303, 401, 403, 404, 409, 429] {
            assert_eq!(judge_status(status, "GET /"), None);
        }
        assert!(matches!(
            told(500, None, "The office has a fault. Nothing was recorded.", false),
            Told::Odd(_)
        ));
    }

    #[test]
    fn answers_are_understood() {
        let over = "You are signed out Your session has ended. ";
        let text = |words: &str| format!("{over}{words} Sign in");
        assert_eq!(told(303, Some("/receipts/1034%2F7-K?done=recorded"), "", false), recorded());
        assert_eq!(
            told(303, Some("/receipts/1034%2F7-K?done=before"), "", false),
            Told::Before("1034%2F7-K".into())
        );
        let once = text(
            "What you sent was recorded, once: payment of USD 80.00 for 1034, no. 7 there. Do not send it again.",
        );
        assert_eq!(told(409, None, &once, false), was_recorded("USD 80.00", "1034", "7"));
        assert_eq!(told(403, None, &once, false), was_recorded("USD 80.00", "1034", "7"));
        let not = text("What you sent was not recorded. Sign in, and fill in a new form.");
        assert_eq!(told(409, None, &not, false), Told::WasNot);
        assert_eq!(told(409, None, "Is this the same again?", true), Told::AskedBack);
        assert_eq!(told(409, None, &text("It may have been done already: look."), false), Told::Open);
        for (status, to, words) in [
            (200, None, ""),
            (303, Some("/sign-in"), ""),
            (303, Some("/receipts/1034%2F7-K"), ""),
            (409, None, ""),
            (409, None, "What you sent was recorded, once: something."),
            (422, None, "Not done"),
        ] {
            assert!(matches!(told(status, to, words, false), Told::Odd(_)), "{status} {to:?} {words}");
        }
    }
}
