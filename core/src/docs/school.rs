// The school of the cookbook in lib.md, which its examples include: a term that is billed, and two accounts that owe 120.00 each.
async fn a_school() -> Result<(bursar::Ledger<bursar_store_memory::MemoryStore>, bursar::TermId), bursar::Error> {
    let store = bursar_store_memory::MemoryStore::new();
    let school = bursar::Ledger::open(store, "hillside", bursar::Currency::USD).await?;
    let term = bursar::TermId::new(2026, 1)?;
    let (first, last) = (bursar::date("2026-01-12")?, bursar::date("2026-04-09")?);
    school.define_term(bursar::Term::new(term, first, last)?).await?;
    school.set_fee(term, "PRIMARY", "tuition", rust_decimal_macros::dec!(120)).await?;
    for account in ["s-17", "s-18"] {
        school.enrol(account, ["PRIMARY"], bursar::date("2026-01-10")?).await?;
    }
    school.activate_on(term, first).await?;
    Ok((school, term))
}
