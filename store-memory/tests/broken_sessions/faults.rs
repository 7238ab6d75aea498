//! The ways in which a store of sessions is broken here, each with the cases that must catch it.

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
    /// A creation writes over what is there.
    CreationsOverwrite: "creating::a_key_is_created_once", "races::one_key_is_created_once";
    /// A session is created where one has expired or was ended.
    DeadKeysAreCreatedAnew: "creating::a_dead_key_is_not_created_anew", "rotating::an_old_key_is_not_used_again";
    /// Whether a key is taken is asked first, and not again when writing.
    KeysAreCheckedBeforehand: "races::one_key_is_created_once";
    /// A creation is answered before it is written.
    CreationsAreAnsweredEarly: "creating::a_session_is_read_back", "creating::a_key_is_created_once";
    /// A creation is written in two steps.
    CreationsGoInSteps: "dropped::a_dropped_creation_is_whole_or_absent";
    /// A key that was cleaned away or never was is refused.
    AskedKeysAreTaken: "creating::an_absent_session_is_gone";
    /// Data are read and written anew.
    DataAreRewritten: "creating::data_are_kept_to_the_letter";
    /// Data lose the spaces at their ends.
    DataAreTrimmed: "creating::data_are_kept_to_the_letter";
    /// Data are cut where a column of 64 KiB less one byte ends.
    DataAreCut: "creating::large_data_are_kept";
    /// Instants are kept to the millisecond.
    InstantsAreCoarse: "creating::instants_are_kept_to_the_microsecond", "creating::a_session_is_read_back";
    /// Instants are kept as floating-point numbers, of 53 bits.
    InstantsAreFloats: "creating::instants_are_kept_to_the_microsecond";
    /// A session's own idle timeout is not kept.
    TimeoutsAreLost: "creating::timeouts_are_kept", "creating::a_session_is_read_back";
    /// A session's own idle timeout is kept in whole seconds.
    TimeoutsAreCoarse: "creating::timeouts_are_kept";
    /// Users' ids lose the spaces at their ends.
    UsersAreTrimmed: "creating::users_are_kept_to_the_letter";
    /// Users' ids are compared without their case.
    UsersLoseTheirCase: "users::ids_are_compared_to_the_letter";
    /// An update of a session that never was creates it.
    UpdatesInsert: "updating::an_update_creates_nothing", "creating::an_absent_session_is_gone";
    /// An update brings back what was ended.
    UpdatesRevive: "updating::an_update_revives_nothing", "meetings::no_write_revives_what_was_deleted", "deleting::a_deletion_keeps_the_reason";
    /// An update looks at no deadline.
    TheExpiredIsUpdated: "updating::an_update_revives_nothing", "expiry::a_session_is_gone_at_its_deadline";
    /// The version that an update was decided on is not compared.
    VersionsAreDropped: "updating::a_stale_version_changes_nothing", "races::one_version_is_updated_once", "races::no_increment_is_lost";
    /// A version later than the present one is taken.
    LaterVersionsPass: "updating::a_stale_version_changes_nothing";
    /// The version is compared first, and not again when writing.
    VersionsAreCheckedBeforehand: "races::one_version_is_updated_once", "races::no_increment_is_lost";
    /// An update does not raise the version.
    VersionsStay: "updating::versions_count_up", "updating::an_update_replaces_the_content";
    /// An update writes when the session was created.
    UpdatesMoveTheCreation: "updating::an_update_replaces_the_content";
    /// An update moves the deadline forwards only.
    UpdatesDoNotShorten: "updating::deadlines_are_as_the_update_says", "cleaning::a_moved_deadline_counts", "histories::calls_are_answered_by_the_contract";
    /// An update does not write the user.
    UpdatesKeepTheUser: "updating::the_user_follows", "updating::an_update_replaces_the_content";
    /// An update is written in two steps, and others look in between.
    UpdatesGoInSteps: "races::readers_see_whole_sessions", "dropped::a_dropped_update_is_whole_or_absent";
    /// An update writes every session of the user.
    UpdatesWriteTheUsersOthers: "updating::the_user_follows";
    /// An update of what is gone is answered as stale.
    TheGoneIsStale: "updating::an_update_revives_nothing", "deleting::a_deletion_keeps_the_reason";
    /// What cannot be read because others write is answered as gone.
    ErrorsAreReadAsAbsence: "races::readers_see_whole_sessions", "races::no_increment_is_lost";
    /// A session is read as it was before.
    ReadsAreStale: "updating::an_update_replaces_the_content", "touching::a_touch_moves_forwards_only";
    /// A touch of a session that never was creates it.
    TouchesInsert: "touching::a_touch_creates_nothing", "creating::an_absent_session_is_gone";
    /// A touch brings back what was ended.
    TouchesRevive: "touching::a_touch_revives_nothing", "meetings::no_write_revives_what_was_deleted";
    /// A touch looks at no deadline.
    TheExpiredIsTouched: "touching::a_touch_revives_nothing", "expiry::a_session_is_gone_at_its_deadline";
    /// A touch for sooner shortens.
    TouchesShorten: "touching::a_touch_moves_forwards_only", "races::the_latest_touch_holds";
    /// A touch goes past the end.
    TouchesPassTheEnd: "touching::a_touch_stops_at_the_end", "histories::calls_are_answered_by_the_contract";
    /// A touch past the end is not done at all.
    TouchesPastTheEndAreLost: "touching::a_touch_stops_at_the_end";
    /// A touch raises the version.
    TouchesRaiseTheVersion: "touching::a_touch_changes_nothing_else", "races::the_latest_touch_holds";
    /// A touch reads the session and writes all of it back.
    TouchesWriteAllBack: "races::the_latest_touch_holds";
    /// A touch is answered and never written.
    TouchesAreLost: "touching::a_touch_moves_forwards_only", "touching::a_touched_session_lives_on", "dropped::others_are_served_all_the_same";
    /// A rotation writes the new key first.
    RotationsShowBoth: "meetings::readers_find_one_key", "dropped::a_dropped_rotation_is_whole_or_absent";
    /// A rotation takes away the old key first.
    RotationsShowNeither: "meetings::readers_find_one_key", "dropped::a_dropped_rotation_is_whole_or_absent";
    /// The old key of a rotation stays.
    RotationsLeaveTheOldKey: "rotating::a_rotation_moves_the_session", "rotating::rotations_chain", "races::one_session_is_rotated_once";
    /// The old key of a rotation tells no reason.
    RotationsLeaveNoReason: "rotating::a_rotation_moves_the_session", "rotating::rotations_chain", "rotating::an_old_key_is_not_used_again";
    /// A rotation loses the data.
    RotationsLoseTheData: "rotating::a_rotation_moves_the_session";
    /// A rotation begins with the first version.
    RotationsForgetTheVersion: "rotating::a_rotation_moves_the_session", "histories::calls_are_answered_by_the_contract";
    /// A rotation is the session's creation.
    RotationsMoveTheCreation: "rotating::a_rotation_moves_the_session", "rotating::rotations_chain";
    /// A rotation loses the user.
    RotationsLoseTheUser: "rotating::the_user_follows";
    /// A rotation writes over what is under the new key.
    RotationsOverwrite: "rotating::a_taken_key_is_refused", "races::one_key_is_rotated_to_once";
    /// A rotation takes the key of a session that is gone.
    RotationsTakeDeadKeys: "rotating::a_taken_key_is_refused", "rotating::an_old_key_is_not_used_again";
    /// A rotation looks first whether the session is there, and not again when writing.
    RotationsAreCheckedBeforehand: "races::one_session_is_rotated_once", "meetings::a_deletion_meets_a_rotation";
    /// A rotation looks first whether the new key is free, and not again when writing.
    NewKeysAreCheckedBeforehand: "meetings::a_creation_meets_a_rotation", "races::one_key_is_rotated_to_once";
    /// A rotation that meets another is answered as an error.
    DeadlocksAreAnswers: "races::rotations_that_cross_are_answered";
    /// Who reads together with others is answered for the last of them.
    AnswersAreMixed: "races::everybody_is_answered_for_his_own";
    /// A rotation writes the session under the new key as it was read before.
    RotationsCopyWhatWasRead: "meetings::an_update_meets_a_rotation";
    /// A rotation looks at no deadline.
    TheExpiredIsRotated: "rotating::what_is_gone_is_not_rotated", "expiry::a_session_is_gone_at_its_deadline";
    /// Under its new key a session cannot be changed any more.
    RotatedSessionsAreFrozen: "rotating::a_rotated_session_goes_on";
    /// A deletion does not compare the version.
    DeletionsDropTheVersion: "deleting::a_version_must_hold", "meetings::a_deletion_of_a_version_meets_an_update";
    /// A deletion compares the version first, and not again when writing.
    DeletionsAreCheckedBeforehand: "meetings::a_deletion_of_a_version_meets_an_update", "races::one_deletion_is_the_first";
    /// A deletion leaves no reason.
    DeletionsLeaveNoReason: "deleting::a_deletion_keeps_the_reason", "tombstones::a_reason_is_told_for_a_minute", "creating::a_dead_key_is_not_created_anew";
    /// Every deletion is a logout.
    EveryDeletionIsALogout: "deleting::a_deletion_keeps_the_reason";
    /// A second deletion writes over the reason of the first.
    ReasonsAreOverwritten: "deleting::the_first_reason_stays", "dropped::a_dropped_deletion_is_whole_or_absent", "histories::calls_are_answered_by_the_contract";
    /// A deletion of what never was leaves a tombstone.
    TheAbsentIsDeleted: "deleting::an_absent_session_is_not_deleted";
    /// A deletion looks at no deadline.
    TheExpiredIsDeleted: "deleting::an_expired_session_is_not_deleted", "expiry::a_session_is_gone_at_its_deadline";
    /// A tombstone tells its reason for ever.
    TombstonesStayForEver: "tombstones::a_reason_is_told_for_a_minute", "tombstones::a_tombstone_opens_nothing";
    /// A tombstone tells its reason for a second less than a minute.
    TombstonesAreShort: "tombstones::a_reason_is_told_for_a_minute", "rotating::a_rotation_moves_the_session";
    /// A tombstone tells its reason at the minute, too.
    TombstonesAreLong: "tombstones::a_reason_is_told_for_a_minute", "histories::calls_are_answered_by_the_contract";
    /// A cleaning deletes tombstones that are still told.
    TombstonesAreCleanedAtOnce: "tombstones::a_cleaning_leaves_tombstones", "cleaning::tombstones_count_too";
    /// A cleaning deletes tombstones by the deadlines that their sessions had.
    TombstonesKeepTheDeadline: "tombstones::a_tombstone_outlives_the_deadline", "tombstones::a_cleaning_leaves_tombstones";
    /// A cleaning never deletes a tombstone.
    TombstonesPileUp: "tombstones::a_cleaning_leaves_tombstones", "cleaning::tombstones_count_too";
    /// What was ended before its deadline has expired after it.
    DeadlinesHideTheReason: "tombstones::a_tombstone_outlives_the_deadline";
    /// What is gone is listed.
    TombstonesAreListed: "deleting::a_deleted_session_is_not_listed", "tombstones::a_tombstone_is_nobodys", "rotating::the_user_follows";
    /// Once its minute is over, a tombstone's session is there again.
    TombstonesOpen: "tombstones::a_tombstone_opens_nothing";
    /// What has expired is read.
    TheExpiredIsRead: "expiry::a_session_is_gone_at_its_deadline";
    /// A session is there at its deadline.
    DeadlinesAreIncluded: "expiry::a_session_is_gone_at_its_deadline", "touching::a_touch_stops_at_the_end";
    /// A session is gone a second before its deadline.
    DeadlinesAreEarly: "expiry::a_session_lives_up_to_its_deadline";
    /// That a session expired is not told.
    ExpiryIsNotTold: "expiry::a_session_is_gone_at_its_deadline", "cleaning::the_reason_is_told_until_then";
    /// A session is said to have expired when it was looked for.
    ExpiryIsToldAsNow: "expiry::a_session_is_gone_at_its_deadline";
    /// What one caller finds expired is deleted on the spot.
    TheLateDecide: "expiry::the_time_is_the_callers";
    /// A session is gone a day after it was created, whatever its deadline.
    SessionsAgeByTheirCreation: "expiry::a_session_is_judged_by_its_deadline_alone";
    /// A cleaning deletes what lives.
    CleaningsTakeTheLiving: "cleaning::live_sessions_stay", "cleaning::nothing_is_cleaned_from_an_empty_store";
    /// A cleaning deletes all there is to delete, whatever the limit.
    CleaningsAreUnbounded: "cleaning::a_batch_is_bounded", "cleaning::tombstones_count_too", "cleanings::cleanings_meet";
    /// A cleaning judges first, and deletes what it found.
    CleaningsAreCheckedBeforehand: "cleanings::a_touch_meets_a_cleaning", "cleanings::an_update_meets_a_cleaning";
    /// A cleaning counts what it found, and not what it deleted.
    CleaningsCountWhatTheyFound: "cleanings::cleanings_meet";
    /// A cleaning counts nothing.
    CleaningsDoNotCount: "cleaning::a_batch_is_bounded";
    /// A cleaning goes by the deadline with which a session was created.
    CleaningsGoByTheFirstDeadline: "cleaning::a_moved_deadline_counts", "touching::a_touched_session_lives_on";
    /// A cleaning spares what expires at the very instant.
    CleaningsAreLate: "cleaning::a_batch_is_bounded", "histories::calls_are_answered_by_the_contract";
    /// A cleaning leaves a tombstone of what expired.
    CleaningsLeaveTombstones: "cleaning::the_reason_is_told_until_then";
    /// Sessions are listed in the order in which they were created.
    ListingsAreByCreation: "users::sessions_are_paged_by_key";
    /// Pages begin with the row they should come after.
    PagesRepeat: "users::sessions_are_paged_by_key";
    /// Pages are shorter than asked, though there is more.
    PagesAreShort: "users::sessions_are_paged_by_key";
    /// Pages are one row longer than asked.
    PagesAreLong: "users::sessions_are_paged_by_key";
    /// A listing shows what has expired.
    ListingsShowTheExpired: "expiry::an_expired_session_is_not_listed", "expiry::the_time_is_the_callers";
    /// A listing tells the deadline for the end.
    ListingsMixTheDeadlines: "users::a_session_is_listed_as_it_is";
    /// Sessions of nobody are listed for everybody.
    ListingsShowNobodys: "users::other_sessions_are_not_listed";
    /// A rotated session is listed under its old key.
    ListingsForgetRotations: "rotating::the_user_follows", "rotating::rotations_chain";
    /// A session is listed for the user that it was created for.
    ListingsForgetBindings: "updating::the_user_follows";
    /// All sessions of a user are ended, the one excepted too.
    ExceptionsAreForgotten: "users::all_but_one_are_ended";
    /// The one excepted is ended and created anew.
    ExceptionsAreRecreated: "users::all_but_one_are_ended";
    /// An exception that is not the user's protects all of his.
    ExceptionsOfOthersProtect: "users::an_exception_of_anothers_protects_nothing", "histories::calls_are_answered_by_the_contract";
    /// The end of all sessions of a user is that of everybody's.
    TheEndOfAllIsEverybodys: "users::all_sessions_are_ended", "users::other_sessions_are_not_listed", "keys::what_is_done_to_one_changes_no_other";
    /// The end of all counts what has expired, and ends it.
    TheEndOfAllTakesTheExpired: "expiry::an_expired_session_is_not_listed";
    /// The end of all leaves no reason.
    TheEndOfAllLeavesNoReason: "users::all_sessions_are_ended", "tombstones::a_reason_is_told_for_a_minute";
    /// The end of all looks first, and ends one after the other.
    TheEndOfAllGoesInSteps: "endings::a_rotation_meets_the_end_of_all", "endings::a_binding_meets_the_end_of_all", "dropped::a_dropped_end_of_all_is_whole_or_absent";
    /// The end of all counts first, and ends what it finds then.
    TheEndOfAllMiscounts: "endings::a_creation_meets_the_end_of_all", "endings::ends_of_all_meet";
    /// Keys are compared by their first half.
    KeysAreComparedByHalf: "keys::keys_differ_in_every_byte";
    /// Keys end at their first zero.
    KeysEndAtZero: "keys::keys_are_bytes";
    /// Keys are compared without the case of letters.
    KeysLoseTheirCase: "keys::keys_are_bytes";
    /// An ended session takes all of its user's with it.
    DeletionsTakeTheUsersOthers: "deleting::a_deleted_session_is_not_listed";
    /// A call whose caller goes away leaves the store locked.
    CallsThatAreDroppedJam: "dropped::others_are_served_all_the_same";
}
