//! Reports that the relay hands out: finished tables of numbers about a region, for the phones of
//! its coordinators, who hold none of the documents behind them.
//!
//! Small numbers are withheld before a sheet is made, so that no device ever holds them.

use minicbor::data::Tag;
use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};

use crate::attachment::ContentHash;
use crate::scope::RegionKey;
use crate::timestamp::Timestamp;

/// The tag of a decimal fraction, `[exponent, mantissa]` (RFC 8949, 3.4.4).
const DECIMAL_FRACTION: Tag = Tag::new(4);
/// The exponent of a number in hundredths.
const HUNDREDTHS: i64 = -2;

/// What a device asks for. Travels in the address of an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRequest {
    /// Which report: `services`, `checks`, `activities` or `tickets`.
    pub what: String,
    /// The region it is about, which the person coordinates.
    pub region: RegionKey,
    /// The first and the last month, as `2026-11`, at most [`crate::limits::SHEET_MONTHS_MAX`];
    /// without them as many as there may be, the current one the last.
    pub months: Option<(String, String)>,
    /// The version that the device has.
    pub have: Option<ContentHash>,
}

/// The answer to `GET /v1/report`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SheetAnswer {
    /// When the relay counted, by its clock.
    #[n(0)]
    pub made_at: Timestamp,
    /// The version of the sheet: the hash of `body`.
    #[n(1)]
    pub version: ContentHash,
    /// A [`SheetBody`] as bytes, at most [`crate::limits::SHEET_BYTES_MAX`]; none if the device has
    /// this version.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Option<Vec<u8>>,
}

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SheetBody {
    /// Which report: `services`, `checks`, `activities` or `tickets`.
    #[n(0)]
    pub what: String,
    /// The region it is about.
    #[n(1)]
    pub region: RegionKey,
    /// The first month, as `2026-11`.
    #[n(2)]
    pub from: String,
    /// The last month.
    #[n(3)]
    pub to: String,
    /// The time zone in which its months begin: an IANA name, or an offset as `+08`.
    #[n(4)]
    pub zone: String,
    /// Names of the columns: month, place, item, then numbers.
    #[n(5)]
    pub columns: Vec<String>,
    /// The rows, each with a cell a column.
    #[n(6)]
    pub rows: Vec<Vec<Cell>>,
    /// Documents that could not be read and are not in it.
    #[n(7)]
    pub unreadable: u64,
}

/// One cell of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A key or a name: a text.
    Text(String),
    /// A whole number: an integer.
    Whole(i64),
    /// A number in hundredths: a decimal fraction with the exponent -2.
    Hundredths(i64),
    /// There is nothing to say: null.
    Nothing,
    /// The number is about few people, or such a number could be computed from it: `false`.
    Withheld,
}

impl<C> Encode<C> for Cell {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match self {
            Self::Text(text) => e.str(text)?.ok(),
            Self::Whole(number) => e.i64(*number)?.ok(),
            Self::Hundredths(number) => e
                .tag(DECIMAL_FRACTION)?
                .array(2)?
                .i64(HUNDREDTHS)?
                .i64(*number)?
                .ok(),
            Self::Nothing => e.null()?.ok(),
            Self::Withheld => e.bool(false)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Cell {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other type is no cell, whichever are added"
    )]
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let wrong = || decode::Error::message("no cell of a report").at(at);
        match d.datatype()? {
            Type::String => Ok(Self::Text(d.str()?.to_owned())),
            Type::Null => d.null().map(|()| Self::Nothing),
            Type::Bool => match d.bool()? {
                false => Ok(Self::Withheld),
                true => Err(wrong()),
            },
            Type::Tag => {
                let fraction =
                    d.tag()? == DECIMAL_FRACTION && d.array()? == Some(2) && d.i64()? == HUNDREDTHS;
                if !fraction {
                    return Err(wrong());
                }
                Ok(Self::Hundredths(d.i64()?))
            }
            _ => Ok(Self::Whole(d.i64()?)),
        }
    }
}
