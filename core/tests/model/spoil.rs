//! Ways to make a sensible command wrong, one for about every rule. Some of them fail to: that is as well.

use chrono::{Days, Months};

use super::amount::AMOUNT_MAX;
use super::book::{Kind, Model};
use super::command::{Command, Payer};
use super::generate::Step;
use super::resolve::day;
use super::words::Standing;

/// Makes something wrong with a command, and says whether there was anything to be made wrong.
type Fault = fn(&mut Command, &Model, &Step) -> bool;

const FAULTS: &[Fault] = &[
    unknown_account,
    unknown_term,
    another_term,
    locked_date,
    no_amount,
    negative_amount,
    too_large_amount,
    over_the_limit,
    reused_key,
    bad_key,
    bad_reason,
    bad_name,
    long_reference,
    unknown_fee,
    charged_fee,
    any_entry_reversed,
    reversal_reversed,
    unknown_entry_reversed,
    any_standing,
    known_account,
    no_groups,
    term_upside_down,
    term_on_another,
    term_elsewhere,
    term_number,
    term_again,
];

/// The command with one of the faults that fit it.
pub fn spoil(command: Command, model: &Model, step: &Step, odd: u8) -> Command {
    let spoilt: Vec<Command> = FAULTS
        .iter()
        .filter_map(|fault| {
            let mut copy = command.clone();
            fault(&mut copy, model, step).then_some(copy)
        })
        .collect();
    if spoilt.is_empty() { command } else { spoilt[usize::from(odd) % spoilt.len()].clone() }
}

/// Puts a value in its place, if there is a place.
fn put<T>(place: Option<&mut T>, value: T) -> bool {
    match place {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    }
}

fn unknown_account(command: &mut Command, _: &Model, _: &Step) -> bool {
    !matches!(command, Command::Enrol { .. }) && put(command.account_mut(), "nobody".to_owned())
}

fn set_term(command: &mut Command, id: (u16, u16)) -> bool {
    command.term_mut().is_some_and(|(year, term)| {
        (*year, *term) = id;
        true
    })
}

fn unknown_term(command: &mut Command, _: &Model, step: &Step) -> bool {
    set_term(command, if step.what % 2 == 0 { (2031, 1) } else { (2025, 9) })
}

/// A closed term, or the last one, which is often later than the current one.
fn another_term(command: &mut Command, model: &Model, _: &Step) -> bool {
    let closed = model.terms.iter().find(|term| term.closed);
    let last = model.terms.iter().max_by_key(|term| term.id);
    let other = if matches!(command, Command::Pay { .. }) { last } else { closed };
    other.is_some_and(|term| set_term(command, term.id))
}

fn locked_date(command: &mut Command, model: &Model, step: &Step) -> bool {
    model
        .locked_through
        .is_some_and(|locked| put(command.on_mut(), locked - Days::new(u64::from(step.day % 40))))
}

fn no_amount(command: &mut Command, _: &Model, _: &Step) -> bool {
    put(command.amount_mut(), 0)
}

fn negative_amount(command: &mut Command, _: &Model, _: &Step) -> bool {
    let minus = command.amount().map(|amount| -amount);
    minus.is_some_and(|minus| put(command.amount_mut(), minus))
}

fn too_large_amount(command: &mut Command, _: &Model, step: &Step) -> bool {
    put(command.amount_mut(), AMOUNT_MAX + 1 + i64::from(step.what))
}

/// One minor unit more than can be refunded or written off.
fn over_the_limit(command: &mut Command, model: &Model, _: &Step) -> bool {
    let limit = match command {
        Command::Refund { account, .. } => -model.balance(account),
        Command::WriteOff { account, .. } => model.balance(account),
        _ => return false,
    };
    i64::try_from(limit.max(0) + 1).is_ok_and(|over| put(command.amount_mut(), over))
}

fn reused_key(command: &mut Command, model: &Model, step: &Step) -> bool {
    let keys: Vec<&String> = model.entries.iter().map(|entry| &entry.key).collect();
    !keys.is_empty() && put(command.key_mut(), keys[usize::from(step.day) % keys.len()].clone())
}

fn bad_key(command: &mut Command, _: &Model, step: &Step) -> bool {
    put(command.key_mut(), "k".repeat(if step.what % 2 == 0 { 0 } else { 129 }))
}

fn bad_reason(command: &mut Command, _: &Model, step: &Step) -> bool {
    let reasons = [String::new(), "  ".to_owned(), "x".repeat(501)];
    put(command.reason_mut(), reasons[usize::from(step.what) % 3].clone())
}

fn bad_name(command: &mut Command, _: &Model, step: &Step) -> bool {
    let names = ["", " x", "x ", "a\nb", &"n".repeat(65)];
    let name = names[usize::from(step.what) % names.len()].to_owned();
    match command {
        Command::Enrol { groups, .. } | Command::Groups { groups, .. } if step.day % 2 == 0 => {
            groups.push(name);
            true
        }
        Command::Fee { payer: Payer::Group(group), .. } | Command::Reprice { group, .. }
            if step.day % 2 == 0 =>
        {
            *group = name;
            true
        }
        _ if step.day % 3 == 0 && command.code().is_some() => put(command.code_mut(), name),
        _ => put(command.account_mut(), name),
    }
}

fn long_reference(command: &mut Command, _: &Model, _: &Step) -> bool {
    matches!(command, Command::Pay { .. })
        && match command {
            Command::Pay { reference, .. } => put(Some(reference), Some("r".repeat(501))),
            _ => false,
        }
}

fn unknown_fee(command: &mut Command, _: &Model, step: &Step) -> bool {
    match command {
        Command::Charge { group, .. } => put(Some(group), Some("NONE".to_owned())),
        Command::Reprice { group, .. } if step.what % 2 == 0 => put(Some(group), "NONE".to_owned()),
        Command::Reprice { code, .. } => put(Some(code), "uniform".to_owned()),
        _ => false,
    }
}

/// Another price for a fee that has been charged.
fn charged_fee(command: &mut Command, model: &Model, step: &Step) -> bool {
    let Command::Fee { year, term, payer, code, .. } = command else { return false };
    let charged: Vec<_> =
        model.fees.iter().filter(|fee| model.is_charged(fee.term, &fee.payer, &fee.code)).collect();
    if charged.is_empty() {
        return false;
    }
    let fee = charged[usize::from(step.what) % charged.len()];
    (*year, *term) = fee.term;
    (*payer, *code) = (fee.payer.clone(), fee.code.clone());
    true
}

fn reverse(command: &mut Command, of: String) -> bool {
    match command {
        Command::Reverse { of: place, .. } => put(Some(place), of),
        _ => false,
    }
}

fn any_entry_reversed(command: &mut Command, model: &Model, step: &Step) -> bool {
    let reversed: Vec<&String> = model
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            Kind::Reversal { of, .. } => Some(of),
            _ => None,
        })
        .collect();
    !reversed.is_empty() && reverse(command, reversed[usize::from(step.day) % reversed.len()].clone())
}

fn reversal_reversed(command: &mut Command, model: &Model, step: &Step) -> bool {
    let reversals: Vec<&String> = model
        .entries
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::Reversal { .. }))
        .map(|entry| &entry.key)
        .collect();
    !reversals.is_empty() && reverse(command, reversals[usize::from(step.day) % reversals.len()].clone())
}

fn unknown_entry_reversed(command: &mut Command, _: &Model, _: &Step) -> bool {
    reverse(command, "k0".to_owned())
}

fn any_standing(command: &mut Command, _: &Model, step: &Step) -> bool {
    match command {
        Command::Standing { to, .. } => put(Some(to), Standing::ALL[usize::from(step.what) % 6]),
        _ => false,
    }
}

/// An account that is there already, with another date.
fn known_account(command: &mut Command, model: &Model, step: &Step) -> bool {
    match command {
        Command::Enrol { account, on, .. } => model.accounts.first().is_some_and(|known| {
            account.clone_from(&known.id);
            *on = day(step.day / 2 + 400);
            true
        }),
        _ => false,
    }
}

fn no_groups(command: &mut Command, _: &Model, _: &Step) -> bool {
    match command {
        Command::Enrol { groups, .. } | Command::Groups { groups, .. } => put(Some(groups), vec![]),
        _ => false,
    }
}

fn term_upside_down(command: &mut Command, _: &Model, step: &Step) -> bool {
    match command {
        Command::Term { starts_on, ends_on, .. } => {
            let shorter = Days::new(u64::from(step.day % 2));
            put(Some(ends_on), *starts_on - shorter)
        }
        _ => false,
    }
}

/// The dates of another term, or a single day in common with it.
fn term_on_another(command: &mut Command, model: &Model, step: &Step) -> bool {
    match (command, model.terms.last()) {
        (Command::Term { starts_on, ends_on, .. }, Some(other)) => {
            *ends_on = other.ends_on + Days::new(20);
            put(Some(starts_on), if step.what % 2 == 0 { other.ends_on } else { other.starts_on })
        }
        _ => false,
    }
}

/// Dates years away from where the term belongs.
fn term_elsewhere(command: &mut Command, _: &Model, step: &Step) -> bool {
    let Command::Term { starts_on, ends_on, .. } = command else { return false };
    let away = Months::new(12 * (4 + u32::from(step.what % 2)));
    (*starts_on, *ends_on) = if step.day % 2 == 0 {
        (*starts_on + away, *ends_on + away)
    } else {
        (*starts_on - away, *ends_on - away)
    };
    true
}

fn term_number(command: &mut Command, _: &Model, step: &Step) -> bool {
    match command {
        Command::Term { year, number, .. } => match step.what % 4 {
            0 => put(Some(number), 0),
            1 => put(Some(year), 0),
            2 => put(Some(number), 1000),
            _ => {
                *number += 1;
                true
            }
        },
        _ => false,
    }
}

/// A term that is there already, under another name.
fn term_again(command: &mut Command, model: &Model, step: &Step) -> bool {
    let known = model.terms.get(usize::from(step.who) % model.terms.len().max(1));
    match (command, known) {
        (Command::Term { year, number, starts_on, ends_on, name }, Some(known)) => {
            (*year, *number, *starts_on, *ends_on) = (known.id.0, known.id.1, known.starts_on, known.ends_on);
            put(Some(name), Some("renamed".to_owned()))
        }
        _ => false,
    }
}
