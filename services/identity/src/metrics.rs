//! The metrics of this service.

/// Accounts that were registered.
pub const REGISTRATIONS: &str = "user_registrations_total";
/// Attempts to sign in, by `result`: `ok`, `wrong`, `locked`, `disabled`, or `failed` for want of something it needs.
pub const SIGN_INS: &str = "sign_ins_total";
/// Sessions that ended because a refresh token was used twice.
pub const REUSES: &str = "refresh_token_reuses_total";
/// Passwords that were not hashed because too many others waited.
pub const HASHES_SHED: &str = "password_hashes_shed_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(REGISTRATIONS, "accounts that were registered");
    metrics::describe_counter!(SIGN_INS, "attempts to sign in");
    metrics::describe_counter!(REUSES, "sessions that ended because a refresh token was used twice");
    metrics::describe_counter!(HASHES_SHED, "passwords that were not hashed because too many others waited");
}
