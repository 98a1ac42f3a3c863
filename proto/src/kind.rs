//! The kinds of document.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// What a document is about. One byte on the wire.
///
/// A kind this code has never heard of is kept as [`Kind::Unknown`], so that a newer relay's
/// document does not stop the page it travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A care station: facilities, hours, beds.
    Station,
    /// Something a station holds: a lecture, a clinic.
    Activity,
    /// A message to a station's or a region's people.
    Notice,
    /// One stay of one driver at one station.
    Visit,
    /// One health check.
    Check,
    /// One consent of one driver.
    Consent,
    /// One driver's place in one activity.
    Enrolment,
    /// One request.
    Ticket,
    /// Internal notes of a desk on a ticket.
    CaseNote,
    /// A kind of a newer version, kept as its code.
    Unknown(u8),
}

impl Kind {
    /// All kinds with a name, in the order of their codes.
    pub const ALL: [Self; 9] = [
        Self::Station,
        Self::Activity,
        Self::Notice,
        Self::Visit,
        Self::Check,
        Self::Consent,
        Self::Enrolment,
        Self::Ticket,
        Self::CaseNote,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Station => 1,
            Self::Activity => 2,
            Self::Notice => 3,
            Self::Visit => 4,
            Self::Check => 5,
            Self::Consent => 6,
            Self::Enrolment => 7,
            Self::Ticket => 8,
            Self::CaseNote => 9,
            Self::Unknown(code) => code,
        }
    }

    /// The kind of a code; [`Kind::Unknown`] for one not listed.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Station,
            2 => Self::Activity,
            3 => Self::Notice,
            4 => Self::Visit,
            5 => Self::Check,
            6 => Self::Consent,
            7 => Self::Enrolment,
            8 => Self::Ticket,
            9 => Self::CaseNote,
            other => Self::Unknown(other),
        }
    }

    /// The name inside a document's `kind` field and in listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Activity => "activity",
            Self::Notice => "notice",
            Self::Visit => "visit",
            Self::Check => "check",
            Self::Consent => "consent",
            Self::Enrolment => "enrolment",
            Self::Ticket => "ticket",
            Self::CaseNote => "case_note",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<C> Encode<C> for Kind {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Kind {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Self::from_code(d.u8()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_kinds_are_one_to_one() {
        for code in 0..=u8::MAX {
            assert_eq!(Kind::from_code(code).code(), code);
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), kind);
        }
    }
}
