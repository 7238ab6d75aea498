//! The ways in which a store is broken here, each with the cases that must catch it.

macro_rules! faults {
    ($($(#[doc = $about:literal])* $fault:ident: $($case:literal),+;)*) => {
        /// A way to be broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            /// In no way: the control, which passes everything.
            None,
            $($(#[doc = $about])* $fault,)*
        }

        /// Every way, and the cases that must catch it.
        pub(crate) const FAULTS: &[(Fault, &str, &[&str])] = &[$((Fault::$fault, stringify!($fault), &[$($case),+]),)*];
    };
}

faults! {
    /// The version that a posting was decided on is not compared.
    VersionsAreDropped: "posting::a_version_must_hold", "races::one_version_is_decided_on_once";
    /// The revision that a change was decided on is not compared.
    RevisionsAreDropped: "accounts::a_stale_revision_is_not_admitted", "races::one_revision_is_decided_on_once";
    /// The book's version that a change was decided on is not compared.
    BookVersionsAreDropped: "terms::a_stale_book_version_is_not_admitted", "repricing::what_is_not_admitted_changes_nothing", "races::one_book_version_is_decided_on_once";
    /// Of a set that is not admitted the good parts are kept: no rollback.
    HalfASetIsKept: "change_sets::one_bad_posting_undoes_all", "change_sets::one_bad_change_of_an_account_undoes_all", "change_sets::one_bad_change_of_the_book_undoes_all", "change_sets::postings_of_a_set_meet_each_other", "change_sets::a_large_set_is_kept";
    /// The last posting of a large set is lost.
    TheTailOfASetIsLost: "change_sets::a_large_set_is_kept", "change_sets::positions_follow_the_postings";
    /// A set is kept part by part, and others look in between.
    SetsAreKeptInSteps: "races::readers_see_whole_sets", "dropped::a_dropped_set_is_whole_or_absent";
    /// Positions leave one out.
    PositionsHaveAGap: "posting::positions_count_up", "races::positions_have_no_gap";
    /// Two entries at once get one position in the answer.
    PositionsAreAnsweredTwice: "posting::positions_count_up", "races::positions_have_no_gap";
    /// A known key records again.
    KeysAreDoubled: "posting::a_key_records_once", "races::one_key_is_recorded_once", "ledgers::a_payment_sent_again_is_one";
    /// A known key is answered as admitted, with nothing recorded.
    KnownKeysAreAdmitted: "posting::a_key_records_once";
    /// Whether a key is known is asked first, and not again when writing.
    KeysAreCheckedBeforehand: "races::one_key_is_recorded_once", "ledgers::a_payment_sent_at_once_is_one";
    /// The version is compared first, and not again when writing.
    VersionsAreCheckedBeforehand: "races::one_version_is_decided_on_once", "ledgers::write_offs_stay_within_the_debt";
    /// Keys are compared without their case.
    KeysLoseTheirCase: "posting::keys_are_exact";
    /// Accounts are compared without their case.
    AccountsLoseTheirCase: "accounts::names_of_accounts_are_exact", "listings::accounts_come_in_byte_order";
    /// What cannot be read because others write is answered as not there.
    ErrorsAreReadAsAbsence: "races::readers_see_whole_sets";
    /// An account is read as it was before.
    AccountsAreStale: "accounts::what_one_way_writes_the_other_reads", "posting::positions_count_up";
    /// The book is read as it was before.
    BooksAreStale: "accounts::what_one_way_writes_the_other_reads", "terms::changes_of_the_book_raise_its_version";
    /// A post is answered before it is written.
    PostsAreAnsweredEarly: "accounts::what_one_way_writes_the_other_reads", "posting::a_key_records_once";
    /// The kept balance leaves reversals out.
    BalancesForgetReversals: "entries::entries_are_never_changed", "posting::an_entry_is_reversed_once", "figures::figures_follow_from_the_entries", "reports::what_is_owed_is_what_is_owed_now";
    /// An entry is reversed as often as asked.
    EntriesAreReversedTwice: "posting::an_entry_is_reversed_once", "races::one_entry_is_reversed_once";
    /// A slot is charged as often as asked.
    SlotsAreBilledTwice: "posting::a_slot_is_billed_once", "races::one_slot_is_billed_once";
    /// A closed term takes charges.
    ClosedTermsAreCharged: "posting::a_closed_term_takes_no_charge", "change_sets::one_bad_posting_undoes_all", "races::a_close_is_a_close";
    /// The lock is not looked at.
    LocksAreIgnored: "posting::a_locked_day_takes_nothing", "races::a_lock_is_a_lock", "ledgers::a_refusal_says_which_rule";
    /// A payment for a later term is taken.
    LaterTermsArePaid: "posting::a_payment_is_not_for_later_than_the_current_term", "ledgers::a_refusal_says_which_rule";
    /// Nothing is admitted on the day after the lock either.
    TheDayAfterTheLockIsLocked: "posting::a_locked_day_takes_nothing";
    /// Pages begin with the row they should come after.
    PagesRepeat: "books::books_come_in_byte_order", "listings::accounts_come_in_byte_order";
    /// Pages leave out their first row.
    PagesSkip: "books::books_come_in_byte_order", "seals::segments_are_read_back", "seals::roots_are_read_back", "listings::accounts_come_in_byte_order", "listings::entries_are_paged_by_position", "listings::a_scan_goes_by_account_and_position", "figures::rows_of_a_term_hold_every_account", "fees::fees_are_paged_by_key", "reports::entries_of_several_accounts_come_in_order", "reports::rows_of_a_summary_follow_from_the_entries", "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports::those_who_owe_come_by_amount";
    /// Pages are shorter than asked, though there is more.
    PagesAreShort: "books::books_come_in_byte_order", "listings::accounts_come_in_byte_order", "listings::entries_are_paged_by_position", "figures::rows_of_a_term_hold_every_account", "reports::entries_of_several_accounts_come_in_order", "reports::rows_of_a_summary_follow_from_the_entries", "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports::those_who_owe_come_by_amount";
    /// Pages are one row longer than asked.
    PagesAreLong: "books::books_come_in_byte_order", "listings::accounts_come_in_byte_order", "listings::entries_are_paged_by_position", "reports::entries_of_several_accounts_come_in_order", "reports::rows_of_a_summary_follow_from_the_entries", "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports::those_who_owe_come_by_amount";
    /// Accounts are listed by a collation.
    OrderIsByCollation: "books::books_come_in_byte_order", "listings::accounts_come_in_byte_order";
    /// Debtors are those who do not have credit.
    DebtorsOweNothing: "listings::debtors_and_credit_are_filtered";
    /// Accounts without entries in the term are left out of its rows.
    RowsAreOnlyOfEntries: "figures::rows_of_a_term_hold_every_account";
    /// What earlier terms left is left out of a term's rows.
    NothingIsBroughtForward: "figures::figures_follow_from_the_entries", "ledgers::a_term_is_activated_and_repriced";
    /// The sums of a book are as narrow as an amount.
    SumsAreNarrow: "entries::amounts_reach_the_caps";
    /// The sums of a book count accounts for entries.
    SumsMiscount: "figures::figures_follow_from_the_entries";
    /// A page of a report loses its last row.
    ReportsDropTheirLastRow: "reports::entries_of_several_accounts_come_in_order", "reports::rows_of_a_summary_follow_from_the_entries", "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports::those_who_owe_come_by_amount";
    /// A report of a book that is not there is an error.
    ReportsOfAbsentBooksFail: "reports::an_absent_book_reports_nothing";
    /// The entries of several accounts come in the order in which the accounts were asked for.
    EntriesComeAsAsked: "reports::entries_of_several_accounts_come_in_order";
    /// An account asked for twice has its entries listed twice.
    AccountsAskedTwiceComeTwice: "reports::entries_of_several_accounts_come_in_order";
    /// Entries of several accounts go on after a position, whatever the account.
    EntriesGoOnAfterAnyAccount: "reports::entries_of_several_accounts_come_in_order";
    /// A charge counts as charged though it is reversed.
    ReversedChargesAreCharged: "reports::rows_of_a_summary_follow_from_the_entries", "reports::what_is_reversed_is_not_charged";
    /// What is conceded is taken off what is charged.
    ConcessionsLowerWhatIsCharged: "reports::rows_of_a_summary_follow_from_the_entries", "reports::what_is_reversed_is_not_charged";
    /// What was charged in earlier terms counts as charged in this one.
    ChargesOfAllTermsCount: "reports::rows_of_a_summary_follow_from_the_entries";
    /// The rows of a summary do not tell the groups.
    GroupsAreMissing: "reports::rows_of_a_summary_follow_from_the_entries", "reports::what_is_reversed_is_not_charged";
    /// The rows of a summary tell one group of several.
    GroupsAreCut: "reports::rows_of_a_summary_follow_from_the_entries", "reports::what_is_reversed_is_not_charged";
    /// Accounts without entries are left out of a summary.
    SummariesAreOnlyOfEntries: "reports::rows_of_a_summary_follow_from_the_entries";
    /// A row is read in two steps, and others write in between.
    RowsAreTornApart: "reports::a_row_is_of_one_moment";
    /// A payment after the day counts.
    LaterPaymentsCount: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_day_counts_to_its_end";
    /// What takes effect on the day asked about does not count.
    TheDayItselfIsLeftOut: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_day_counts_to_its_end", "reports_aged::debits_are_put_by_their_due_dates";
    /// What was recorded later counts as known.
    InstantsAreNotLookedAt: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_day_counts_to_its_end", "reports_aged::a_reversal_counts_with_its_target";
    /// The instant asked about is taken to the second.
    InstantsAreTruncated: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_day_counts_to_its_end";
    /// A reversal counts without its target.
    ReversalsCountAlone: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_reversal_counts_with_its_target";
    /// A reversal counts as soon as its target does.
    ReversalsCountWithTheirTarget: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_reversal_counts_with_its_target";
    /// What is reversed still counts in an aging.
    ReversedDebitsStay: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_reversal_counts_with_its_target";
    /// A reversed debit stays, and its reversal is a credit.
    ReversalsAreCredits: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::a_reversal_counts_with_its_target";
    /// A reversal takes off from the bucket of its own day.
    ReversalsArePutByTheirOwnDay: "reports_aged::rows_of_an_aging_follow_from_the_entries";
    /// A charge is put by the day on which it took effect.
    ChargesArePutByTheirEffect: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::debits_are_put_by_their_due_dates";
    /// A debit at the bound of two buckets is put into the older.
    BoundsBelongToTheOlder: "reports_aged::rows_of_an_aging_follow_from_the_entries", "reports_aged::debits_are_put_by_their_due_dates", "reports_aged::any_bounds_are_served";
    /// No more than seven buckets are summed; the others are lost.
    OnlySevenBuckets: "reports_aged::any_bounds_are_served";
    /// Accounts that owe nothing are left out of an aging.
    AgingsAreOnlyOfThoseWhoOwe: "reports_aged::rows_of_an_aging_follow_from_the_entries";
    /// Those who owe least come first.
    DebtorsAreOutOfOrder: "reports::those_who_owe_come_by_amount", "reports::what_is_owed_is_what_is_owed_now";
    /// Those who owe as much come in reverse byte order.
    TiesAreOutOfOrder: "reports::those_who_owe_come_by_amount", "reports::what_is_owed_is_what_is_owed_now";
    /// Who owes as much as the last of a page is left out of the next.
    TiesAreLost: "reports::those_who_owe_come_by_amount";
    /// Those who owe are listed whatever their standing.
    StandingsAreNotLookedAt: "reports::those_who_owe_come_by_amount";
    /// Those who owe are listed whatever their groups.
    GroupsAreNotLookedAt: "reports::those_who_owe_come_by_amount";
    /// Of an account's groups only the first is looked at.
    OnlyTheFirstGroupIsLookedAt: "reports::those_who_owe_come_by_amount";
    /// Who owes just as much as asked is not listed.
    AtLeastIsMore: "reports::those_who_owe_come_by_amount";
    /// Who owes nothing is listed where no amount is asked.
    TheEvenOwe: "reports::those_who_owe_come_by_amount";
    /// Accounts and keys are looked for in every book.
    BooksMix: "books::books_do_not_mix", "seals::books_are_sealed_apart";
    /// A second opening of a book takes its currency.
    BooksAreReopened: "books::a_book_is_opened_once";
    /// A fee that is there is replaced.
    FeesAreUpserted: "fees::a_fee_is_added_once", "change_sets::one_bad_change_of_the_book_undoes_all";
    /// A fee that was charged is edited.
    ChargedFeesAreEdited: "fees::a_fee_is_edited_until_it_is_charged";
    /// A charge that was reversed does not count as one from its fee.
    ReversedChargesFreeAFee: "fees::a_fee_is_edited_until_it_is_charged";
    /// An account that is there is opened once more, with nothing said.
    AccountsAreUpserted: "accounts::an_account_is_opened_once", "change_sets::one_bad_change_of_an_account_undoes_all", "races::one_account_is_opened_once";
    /// Texts lose the spaces at their ends.
    TextsAreTrimmed: "entries::texts_are_kept_to_the_letter";
    /// Instants are kept to the millisecond.
    InstantsAreCoarse: "entries::every_common_field_is_read_back", "seals::roots_are_read_back";
    /// References are not kept.
    ReferencesAreLost: "entries::every_kind_is_read_back", "ledgers::a_payment_sent_again_is_one";
    /// The due date of a charge is not kept.
    DueDatesAreLost: "entries::every_kind_is_read_back";
    /// Reversals are not found.
    ReversalsAreNotFound: "posting::an_entry_is_reversed_once";
    /// Charges that were reversed are not listed.
    ReversedChargesAreHidden: "listings::charges_tell_whether_they_are_live";
    /// A mark does not take the place of another.
    MarksPileUp: "listings::file_marks_are_kept";
    /// The mark of a repricing is lost.
    MarksOfRepricingsAreLost: "repricing::charges_are_made_again_at_the_new_price";
    /// A repricing makes the charges again at the old price.
    RepricingKeepsThePrice: "repricing::charges_are_made_again_at_the_new_price", "repricing::an_uncharged_fee_is_repriced";
    /// A repricing counts the charges that it left among those that it made.
    RepricingMiscounts: "repricing::other_charges_are_left";
    /// A set that meets another is answered as an error.
    DeadlocksAreAnswers: "races::sets_that_cross_are_all_kept";
    /// Ids repeat.
    IdsRepeat: "books::ids_are_new_and_time_goes_on";
    /// A second billing charges everyone again.
    BillsTwice: "billing::billing_again_writes_nothing", "billing::billings_at_once_charge_once", "billing::another_group_bills_no_code_again";
    /// The last account of a page is not billed.
    TheLastOfAPageIsMissed: "billing::pages_add_up";
    /// A charge that was reversed is billed again.
    ReversedChargesAreForgotten: "billing::billing_charges_what_the_plan_asks";
    /// A charge by hand does not count as billed.
    ChargesByHandAreForgotten: "billing::billing_charges_what_the_plan_asks";
    /// Billing does not keep who bills.
    RecordersAreForgotten: "ledgers::whoever_records_is_named";
    /// The rule's standings are not looked at.
    BillsEveryStanding: "billing::only_the_standings_asked_are_billed";
    /// A closed term is billed without a word.
    BillsAClosedTerm: "billing::a_closed_term_and_a_locked_day_are_not_billed";
    /// An account's own fee does not replace its groups'.
    OwnFeesAreOverlooked: "billing::billing_charges_what_the_plan_asks";
    /// Of two groups' fees of a code the first is charged.
    AmbiguousFeesAreCharged: "billing::billing_charges_what_the_plan_asks";
    /// A charge falls due before its account was enrolled.
    JoinersOweFromTheStart: "billing::billing_charges_what_the_plan_asks";
    /// Skips that are not listed are not counted either.
    SkipsAreCountedAsListed: "billing::skips_are_listed_up_to_a_bound";
    /// Any step of sealing is the next one.
    StepsAreNotCompared: "seals::a_step_follows_the_last", "seals::one_step_is_kept_once";
    /// Whether a step is the next one is asked first, and not again when writing.
    StepsAreCheckedBeforehand: "seals::one_step_is_kept_once";
    /// Of a step that is not admitted the good segments are kept.
    HalfAStepIsKept: "seals::a_step_is_kept_whole";
    /// Of a segment only the first hundred digests are kept.
    DigestsAreCut: "seals::segments_are_read_back";
    /// How far an account is sealed is read from its first segment.
    EndsAreOfTheFirstSegment: "seals::segments_are_read_back", "seals::a_book_is_sealed_by_several_at_once";
    /// The last root is read from the first.
    TheFirstRootIsTheLast: "seals::roots_are_read_back", "seals::a_book_is_sealed_by_several_at_once";
    /// A root of a number that is there is kept under another.
    RootsRepeat: "seals::roots_are_read_back";
}
