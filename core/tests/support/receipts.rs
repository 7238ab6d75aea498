//! Receipts printed again say what they said, and add only that what they are of has been reversed.

use bursar::{EntryKind, Ledger, LedgerStore, PrintedReceipt, Receipt, ReceiptNumber};

use crate::drive::{drive, open, takes_our_key};
use crate::laws::{Law, accounts, entries, holds};
use crate::model::{Command, Kind, Model};

/// A receipt by itself: its parts and what is left are its amount, and its balance is that of the model right after it.
async fn sound<S: LedgerStore>(ledger: &Ledger<S>, model: &Model, printed: &PrintedReceipt) -> Law {
    let entry = &printed.entry;
    let parts: i64 = printed.parts.iter().map(|part| part.amount.minor()).sum();
    holds!(parts + printed.left.minor() == entry.amount().minor(), "parts of {printed:?}");
    holds!(entry.amount().is_positive() && !printed.left.is_negative(), "{printed:?}");
    let balance = model.balance(entry.account.as_str());
    holds!(i128::from(printed.balance.minor()) == balance, "{balance} after {printed:?}");
    // Drawn up right then, it says what the allocation says.
    let allocation = ledger.allocation(&entry.account).await.unwrap();
    let refund = matches!(entry.kind, EntryKind::Refund { .. });
    let expected: Vec<(u32, i64)> = allocation
        .settlements
        .iter()
        .filter(|part| entry.position == if refund { part.debit } else { part.credit })
        .map(|part| (if refund { part.credit } else { part.debit }, part.amount.minor()))
        .collect();
    let found: Vec<(u32, i64)> =
        printed.parts.iter().map(|part| (part.entry.position, part.amount.minor())).collect();
    holds!(found == expected, "{printed:?} does not say {expected:?}");
    holds!(printed.reversal.is_none(), "{printed:?} is reversed already");
    let text = printed.to_string();
    let (number, amount) = (printed.number.to_string(), format!("{:#}", entry.amount()));
    holds!(text.lines().all(|line| line.chars().count() <= 80), "too wide: {text}");
    holds!(text.contains(&number) && text.contains(&amount), "{number} and {amount} are not in {text}");
    Ok(())
}

pub async fn receipts_stay_what_they_were<S: LedgerStore>(
    store: S,
    exponent: u32,
    history: &[Command],
) -> Law {
    let ledger = open(store, exponent).await;
    let (mut model, mut drawn) = (Model::new(exponent), Vec::new());
    for command in history.iter().filter(|command| !takes_our_key(command)) {
        let before = model.entries.len();
        let _ = drive(&ledger, &model, command).await;
        let _ = model.apply(command);
        for entry in &model.entries[before..] {
            let account = bursar::AccountId::new(&entry.account).unwrap();
            let number = ReceiptNumber::new(account, u32::try_from(entry.position).unwrap());
            let printed = ledger.receipt(number.to_string()).await;
            if matches!(entry.kind, Kind::Payment { .. } | Kind::Refund { .. }) {
                let printed = printed.map_err(|error| error.to_string())?;
                sound(&ledger, &model, &printed).await?;
                drawn.push(printed);
            } else {
                let refused = printed.as_ref().err().and_then(|error| error.refusal());
                let code = refused.map(bursar::Refusal::code);
                holds!(code == Some("no-receipt"), "{entry:?} has a receipt: {printed:?}");
            }
        }
    }
    for then in drawn {
        let mut now = ledger.receipt(&then.number).await.unwrap();
        let reversal = model.reversal_of(then.entry.key.as_str()).map(|entry| entry.key.clone());
        let found = now.reversal.as_ref().map(|entry| entry.key.to_string());
        holds!(found == reversal, "{now:?} is reversed by {reversal:?}");
        holds!(now.to_string().contains("VOID") == reversal.is_some(), "{now}");
        now.reversal = None;
        holds!(now == then, "{now:?} was {then:?}");
    }
    for account in accounts(&ledger).await {
        let after = account.version + 1;
        let missing = ledger.receipt(ReceiptNumber::new(account.id.clone(), after)).await.unwrap_err();
        holds!(missing.refusal().unwrap().code() == "unknown-entry", "{missing}");
        for entry in entries(&ledger, &account.id).await {
            let receipt = Receipt { number: entry.receipt(), entry, replayed: false };
            let (text, number) = (receipt.to_string(), receipt.number.to_string());
            holds!(text.starts_with(&number) && !text.contains('\n'), "{text}");
        }
    }
    Ok(())
}
