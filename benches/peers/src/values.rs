//! What every session holds, on both sides: what a clerk's session in a school's office holds, 250 bytes as JSON.

/// The values that stay as they are.
pub const TEXTS: [(&str, &str); 5] = [
    ("name", "Rutendo Moyo"),
    ("role", "clerk"),
    ("form_token", "q1Xh0v2mJt4cYkz7Zs8nUe3bWfRgDaLpKo5iQyTx6A9"),
    ("last_page", "/accounts/s-01736/statement?term=2026-1&as_of=2026-03-31"),
    ("columns", "account,name,group,brought_forward,term_fee,paid,outstanding,last_paid_on"),
];

/// The value that is read.
pub const NAME: &str = "name";

/// The number that goes up.
pub const VISITS: &str = "visits";

/// The cookie's name on both sides.
pub const COOKIE: &str = "__Host-session";

/// What the page says that uses no session.
pub const ABOUT: &str = "Hillside Primary School, fees office";
