//! The pages, a file each, and their paths. Every form is sent to the path that shows it.

pub mod arrears;
pub mod assets;
pub mod audit;
pub mod dashboard;
pub mod debtors;
pub mod enrol;
pub mod fees;
pub mod me;
pub mod receipt;
pub mod record;
pub mod reverse;
pub mod runs;
pub mod sign_in;
pub mod staff;
pub mod standing;
pub mod student;
pub mod students;
pub mod terms;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::Office;
use super::failure::Failure;

/// Every page, under its path.
pub fn routes() -> Router<Office> {
    let first = || async { Redirect::to("/") };
    Router::new()
        .route("/", get(dashboard::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::send))
        .route("/sign-out", get(first).post(sign_in::out))
        .route("/students", get(students::show))
        .route("/students/new", get(enrol::show).post(enrol::send))
        .route("/students/{account}", get(student::show))
        .route("/students/{account}/record/{what}", get(record::show).post(record::send))
        .route("/students/{account}/reverse/{position}", get(reverse::show).post(reverse::send))
        .route("/students/{account}/standing", get(standing::show).post(standing::send))
        .route("/receipts/{number}", get(receipt::show))
        .route("/terms", get(terms::show))
        .route("/terms/new", get(terms::ask).post(terms::send))
        .route("/terms/{term}", get(fees::show))
        .route("/terms/{term}/fees", get(fees::ask).post(fees::send))
        .route("/terms/{term}/reprice", get(fees::ask_price).post(fees::reprice))
        .route("/terms/{term}/close", get(terms::ask_close).post(terms::close))
        .route("/terms/{term}/activate", get(runs::ask).post(runs::start))
        .route("/runs/{key}", get(runs::show))
        .route("/debtors", get(debtors::show))
        .route("/debtors.csv", get(debtors::csv))
        .route("/arrears", get(arrears::show).post(arrears::check))
        .route("/arrears/post", get(arrears::again).post(arrears::post))
        .route("/audit", get(audit::show).post(audit::seal))
        .route("/staff", get(staff::show).post(staff::add))
        .route("/staff/password", post(staff::password).get(staff::again))
        .route("/staff/remove", post(staff::remove).get(staff::again))
        .route("/me", get(me::show).post(me::password))
        .route("/me/sessions", post(me::end).get(me::again))
        .fallback(missing)
}

async fn missing() -> Failure {
    Failure::not_found("There is no such page in the office.")
}
