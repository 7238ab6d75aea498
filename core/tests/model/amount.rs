//! Amounts: minor units to and from exact decimal text.

/// The largest amount of one entry or fee, in minor units.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// Minor units as text with all the decimals of the currency: `-350` is `-3.50` where the exponent is 2.
pub fn to_text(minor: impl Into<i128>, exponent: u32) -> String {
    let minor: i128 = minor.into();
    let sign = if minor < 0 { "-" } else { "" };
    let unit = 10_u128.pow(exponent);
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    if exponent == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0width$}", width = exponent as usize)
    }
}

/// Text as minor units: an optional minus, digits, and at most as many decimals as the currency has.
pub fn from_text(text: &str, exponent: u32) -> Result<i64, String> {
    let refused = || format!("not an amount: {text:?}");
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(refused()),
        Some((whole, decimals)) => (whole, decimals),
        None => (unsigned, ""),
    };
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > exponent as usize {
        return Err(refused());
    }
    let padded = format!("{whole}{decimals:0<width$}", width = exponent as usize);
    let minor: i64 = padded.parse().map_err(|_| refused())?;
    Ok(if negative { -minor } else { minor })
}
