//! Every limit of the exchange, each with its unit in the name. Source: DESIGN §9 of the project
//! (summarised in `docs/PROTOCOL.md`, "Limits").
//!
//! Past a limit there is a typed fault that names it; nothing is stored, nothing is lost on the
//! device.

/// Bytes of one change chunk, uncompressed.
pub const CHANGE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of all changes of one document together.
pub const DOCUMENT_BYTES_MAX: u64 = 256 * 1024;
/// Operations in one change.
pub const CHANGE_OPS_MAX: u64 = 5_000;
/// Dependencies that one change may name.
pub const CHANGE_DEPS_MAX: usize = 64;
/// Actors that one change may name besides its own.
pub const CHANGE_ACTORS_MAX: usize = 64;
/// Actors that may ever write in one document (devices × incarnations).
pub const DOCUMENT_ACTORS_MAX: usize = 256;
/// Heads a document may have at one time (concurrent edits not yet merged).
pub const DOCUMENT_HEADS_MAX: usize = 64;
/// Bytes of a request body as it arrives, compressed or not.
pub const REQUEST_COMPRESSED_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a request body once decompressed.
pub const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of changes in one response: what a device may ask for, and the default of one that does not say.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a page below which a relay does not go, so that every page makes progress.
pub const PAGE_BYTES_MIN: usize = 4 * 1024;
/// Bytes of a response body once decompressed: a page, one largest document over, and receipts
/// for the largest request (4 MiB of smallest changes).
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Scopes that one device may subscribe to.
pub const SCOPES_MAX: usize = 256;
/// Levels of nested CBOR containers in any message.
pub const NESTING_MAX: usize = 8;
/// Bytes of one string value in a document.
pub const STRING_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one short string: a name, a label, a map key, a code.
pub const LABEL_BYTES_MAX: usize = 256;
/// Bytes of a region or desk key.
pub const KEY_BYTES_MAX: usize = 32;
/// Desks of one region; with them a coordinator's subscriptions stay within [`SCOPES_MAX`].
pub const DESKS_MAX: usize = 128;
/// Desks from the root of a tree to its lowest leaf, both counted.
pub const DESK_DEPTH_MAX: usize = 6;
/// People who belong to one desk.
pub const DESK_MEMBERS_MAX: usize = 128;
/// Entries of one keyed map in a document (services of a visit, say) that a reader shows.
pub const ENTRIES_MAX: usize = 1_000;
/// Ranges that one repair may ask about in one exchange.
pub const REPAIR_RANGES_MAX: usize = 256;
/// Documents that one answer to a repair lists by name; larger ranges are split.
pub const REPAIR_ENTRIES_MAX: usize = 256;
/// Parts that a range too large to list is split into.
pub const REPAIR_SPLITS: usize = 16;
/// Documents that one exchange may fetch by name.
pub const FETCHES_MAX: usize = 256;
/// Forgets that one exchange may acknowledge.
pub const FORGOTTEN_MAX: usize = 4_096;
/// Decisions about waiting work that one exchange tells.
pub const DECISIONS_MAX: usize = 64;
/// Bytes of the reason that a person gives for a decision.
pub const DECISION_REASON_BYTES_MAX: usize = 512;
/// Bytes of the body of a small message (pairing, registration, token).
pub const SMALL_REQUEST_BYTES_MAX: usize = 16 * 1024;
/// Seconds an access token is valid.
pub const TOKEN_TTL_S: u64 = 15 * 60;
/// Seconds a token challenge can be answered: a phone that was parked over a long weekend
/// still renews in one request.
pub const CHALLENGE_TTL_S: u64 = 72 * 60 * 60;
/// Milliseconds by which a device's clock may differ from the relay's before its changes carry
/// the difference as a skew.
pub const CLOCK_SKEW_TOLERATED_MS: i64 = 2 * 60 * 1000;
/// Bytes of one attachment.
pub const ATTACHMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of an attachment's thumbnail.
pub const THUMBNAIL_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of an attachment that travel in one request.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all attachments that one person has put on the relay.
pub const PERSON_ATTACHMENT_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Attachments that one document may name.
pub const ATTACHMENTS_PER_DOCUMENT_MAX: usize = 50;
/// Characters of a check-in code's text: one QR frame that any phone's camera reads.
pub const CODE_CHARS_MAX: usize = 500;
/// Milliseconds that a check-in code is good for from when it is shown.
pub const CODE_LIFE_MS: i64 = 90 * 1000;
/// Milliseconds by which two devices' estimates of the relay's time may differ before a code
/// counts as expired, or as shown in the future.
pub const CODE_SKEW_TOLERATED_MS: i64 = 30 * 1000;
/// Milliseconds that a device's certificate is good for from when the relay issued it.
pub const CERTIFICATE_LIFE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Bytes of the name in a certificate; a longer one is cut, so that a code fits its frame.
pub const CERTIFICATE_NAME_BYTES_MAX: usize = 72;
/// Keys of the relay that a kit may hold: the present one, and those before it.
pub const RELAY_KEYS_MAX: usize = 8;
/// Revoked devices that a kit may name.
pub const REVOKED_MAX: usize = 4_096;
/// Reads of health checks that one request may bring.
pub const AUDIT_READS_MAX: usize = 256;
/// Bytes of one report that the relay hands out.
pub const SHEET_BYTES_MAX: usize = 1024 * 1024;
/// Months that such a report may cover.
pub const SHEET_MONTHS_MAX: usize = 13;

const _: () = {
    assert!(AUDIT_READS_MAX * 60 <= SMALL_REQUEST_BYTES_MAX);
    assert!(CERTIFICATE_NAME_BYTES_MAX <= LABEL_BYTES_MAX);
    assert!(CHANGE_BYTES_MAX as u64 <= DOCUMENT_BYTES_MAX);
    assert!(DOCUMENT_BYTES_MAX <= PAGE_BYTES_MAX as u64);
    assert!(CHANGE_BYTES_MAX <= REQUEST_COMPRESSED_BYTES_MAX);
    assert!(REQUEST_COMPRESSED_BYTES_MAX <= REQUEST_BYTES_MAX);
    assert!(PAGE_BYTES_MIN <= PAGE_BYTES_MAX);
    assert!(PAGE_BYTES_MAX as u64 + DOCUMENT_BYTES_MAX <= RESPONSE_BYTES_MAX as u64);
    assert!(STRING_BYTES_MAX <= CHANGE_BYTES_MAX);
    assert!(LABEL_BYTES_MAX <= STRING_BYTES_MAX);
    assert!(DECISIONS_MAX * (DECISION_REASON_BYTES_MAX + LABEL_BYTES_MAX) < PAGE_BYTES_MAX);
    assert!(KEY_BYTES_MAX <= LABEL_BYTES_MAX);
    assert!(DESKS_MAX < SCOPES_MAX);
    assert!(THUMBNAIL_BYTES_MAX <= PIECE_BYTES_MAX as u64);
    assert!(PIECE_BYTES_MAX <= REQUEST_COMPRESSED_BYTES_MAX);
    assert!(PIECE_BYTES_MAX <= RESPONSE_BYTES_MAX);
    assert!(ATTACHMENT_BYTES_MAX <= PERSON_ATTACHMENT_BYTES_MAX);
    assert!(ATTACHMENTS_PER_DOCUMENT_MAX <= ENTRIES_MAX);
    assert!(SHEET_BYTES_MAX < RESPONSE_BYTES_MAX);
    assert!(REPAIR_SPLITS <= REPAIR_RANGES_MAX);
};
