//! Faults: why a whole request was not served. (Why one change was not accepted is a receipt's
//! [`crate::sync::Reason`].)
//!
//! A fault has a stable code that an app translates, a sentence in English for people, and what
//! the caller needs to do next. On CBOR routes it is this message; on JSON routes it is an
//! RFC 9457 problem document with the same code.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $name:ident = ($text:literal, $status:literal, $title:literal),)*) => {
        /// The stable code of a fault. Text on the wire; an unknown one is kept.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum FaultCode {
            $($(#[$doc])* $name,)*
            /// A code of a newer version, kept as its text.
            Other(Box<str>),
        }

        impl FaultCode {
            /// Every code with a name.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// The HTTP status it travels with.
            #[must_use]
            pub const fn status(&self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Other(_) => 500,
                }
            }

            /// What happened, in a few words of English.
            #[must_use]
            pub const fn title(&self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                    Self::Other(_) => "Something this version does not know",
                }
            }

            /// The code of a text; [`FaultCode::Other`] for one not listed.
            #[must_use]
            pub fn from_text(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}

fault_codes! {
    /// The body is not the message it should be.
    Malformed = ("request.malformed", 400, "The request could not be read"),
    /// A value in a well-formed request is not acceptable.
    Invalid = ("request.invalid", 422, "A value in the request is not acceptable"),
    /// The body is larger than allowed.
    TooLarge = ("request.too_large", 413, "The request is too large"),
    /// The body's media type or content encoding is not one the route takes.
    UnsupportedMedia = ("request.unsupported_media", 415, "The request is in a format this route does not take"),
    /// The request did not arrive, or was not served, in time.
    TimedOut = ("request.timed_out", 408, "The request took too long"),
    /// The protocol version is not served here.
    UnsupportedVersion = ("protocol.unsupported", 426, "This version of the protocol is not served here"),
    /// No access token came with the request.
    TokenMissing = ("token.missing", 401, "This needs an access token"),
    /// The access token is not one of this relay's, or is damaged.
    TokenInvalid = ("token.invalid", 401, "The access token is not valid here"),
    /// The access token has expired; renew it and go on.
    TokenExpired = ("token.expired", 401, "The access token has expired"),
    /// The challenge is not one of this relay's, or too old; answer the one in this fault.
    ChallengeInvalid = ("token.challenge_invalid", 401, "The challenge is not valid; answer the new one"),
    /// The signature does not fit the device's key.
    SignatureInvalid = ("signature.invalid", 401, "The signature does not fit the device's key"),
    /// The relay does not know this device; pair it.
    DeviceUnknown = ("device.unknown", 401, "The relay does not know this device"),
    /// This device was revoked; pair it again.
    DeviceRevoked = ("device.revoked", 403, "This device was revoked"),
    /// A device of this id is there with another key.
    DeviceConflict = ("device.conflict", 409, "A device with this id exists with another key"),
    /// No such pairing code: mistyped, or used before.
    CodeWrong = ("pair.code_wrong", 404, "No such pairing code"),
    /// The pairing code is past its time.
    CodeExpired = ("pair.code_expired", 410, "The pairing code has expired"),
    /// The person id offered at pairing or registration belongs to somebody.
    PersonConflict = ("person.conflict", 409, "This person id is in use"),
    /// The station's standing code is not valid (any more).
    StationCodeInvalid = ("register.station_code_invalid", 404, "The station's code is not valid"),
    /// Registration of drivers by themselves is not open here.
    RegistrationClosed = ("register.closed", 403, "Registration is not open here"),
    /// The token of the outside identity provider proves nobody here.
    OutsideTokenInvalid = ("outside.token_invalid", 401, "The identity provider's token is not valid here"),
    /// The token is good, and its bearer is linked to nobody here.
    OutsideUnknown = ("outside.person_unknown", 404, "This outside identity is linked to nobody here"),
    /// The token has paired a device already.
    OutsideTokenUsed = ("outside.token_used", 409, "The identity provider's token was used before"),
    /// No outside identity provider is configured.
    OutsideClosed = ("outside.closed", 403, "No outside identity provider is accepted here"),
    /// The caller may not do this.
    Forbidden = ("access.forbidden", 403, "Not allowed"),
    /// What the request names does not exist.
    NotFound = ("request.not_found", 404, "No such thing here"),
    /// The route exists, the method does not.
    MethodNotAllowed = ("request.method_not_allowed", 405, "This route does not take that method"),
    /// What the request wants to make is there already, and different.
    Conflict = ("request.conflict", 409, "It is there already"),
    /// The bytes asked for are not there.
    RangeUnsatisfiable = ("request.range", 416, "There are no such bytes"),
    /// A document names the attachment, and nobody has sent it yet; try again later.
    AttachmentNotHere = ("attachment.not_here", 404, "The attachment is not here yet"),
    /// The piece does not follow on what is here; `bound` says where the next one begins.
    AttachmentOffset = ("attachment.offset", 409, "The piece does not follow"),
    /// The attachment has another length than the document says; `bound` says which.
    AttachmentLength = ("attachment.length", 422, "The attachment has another length"),
    /// All bytes came and have another hash; they were dropped.
    AttachmentMismatch = ("attachment.mismatch", 422, "The attachment has other bytes"),
    /// The person has put as many bytes on the relay as one may; `bound` says how many.
    AttachmentQuota = ("attachment.quota", 403, "No room for more attachments"),
    /// Too many requests from here; come back after `retry_after_ms`.
    RateLimited = ("relay.rate_limited", 429, "Too many requests"),
    /// The relay has more work than it takes on; come back after `retry_after_ms`.
    Busy = ("relay.busy", 503, "The relay is busy"),
    /// The relay is shutting down; come back after `retry_after_ms`.
    ShuttingDown = ("relay.shutting_down", 503, "The relay is restarting"),
    /// The relay's disk is full or failing; nothing was stored.
    StorageFailed = ("relay.storage_failed", 507, "The relay cannot store anything right now"),
    /// The relay failed in a way it should not.
    Internal = ("relay.internal", 500, "The relay failed"),
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<C> Encode<C> for FaultCode {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for FaultCode {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Self::from_text(d.str()?))
    }
}

/// A request that was not served, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("{message} ({code})")]
#[cbor(map)]
pub struct Fault {
    /// The stable code.
    #[n(0)]
    pub code: FaultCode,
    /// What was wrong and what to do, one English sentence for people. No personal data.
    #[n(1)]
    pub message: String,
    /// Come back after so many milliseconds.
    #[n(2)]
    pub retry_after_ms: Option<u64>,
    /// The name of the limit that was passed, as in [`crate::limits`].
    #[n(3)]
    pub limit: Option<String>,
    /// The bound of that limit, in its unit.
    #[n(4)]
    pub bound: Option<u64>,
    /// With 401: a challenge to answer for a new token.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub challenge: Option<Vec<u8>>,
}

impl Fault {
    /// A fault with a sentence of its own.
    #[must_use]
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
            limit: None,
            bound: None,
            challenge: None,
        }
    }

    /// With a time to come back after, in milliseconds.
    #[must_use]
    pub fn retry_after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    /// With the limit that was passed and its bound.
    #[must_use]
    pub fn limit(mut self, name: &str, bound: u64) -> Self {
        self.limit = Some(name.to_owned());
        self.bound = Some(bound);
        self
    }

    /// With a challenge to answer.
    #[must_use]
    pub fn challenge(mut self, challenge: Vec<u8>) -> Self {
        self.challenge = Some(challenge);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        let mut texts: Vec<_> = FaultCode::ALL.iter().map(FaultCode::as_str).collect();
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::from_text(code.as_str()), *code);
            assert!((400..600).contains(&code.status()));
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), FaultCode::ALL.len());
        assert_eq!(FaultCode::from_text("x.y"), FaultCode::Other("x.y".into()));
    }
}
