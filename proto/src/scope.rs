//! Scopes (who may see a document; what a device subscribes to) and roles (what a person may do).

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::id::{IdError, PersonId, StationId};
use crate::limits::KEY_BYTES_MAX;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The key as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads 1–32 of `a–z`, `0–9`, `-`, not beginning with `-`.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let fits = !text.is_empty()
                    && text.len() <= KEY_BYTES_MAX
                    && !text.starts_with('-')
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                if fits { Ok(Self(text.into())) } else { Err(IdError::new($words, text)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let at = d.position();
                d.str()?.parse().map_err(|e| decode::Error::custom(e).at(at))
            }
        }
    };
}

key!(
    /// The short name of a region: 1–32 of `a–z`, `0–9`, `-`.
    RegionKey,
    "a region key (1 to 32 of a-z, 0-9, -)"
);
key!(
    /// The short name of a desk: 1–32 of `a–z`, `0–9`, `-`.
    DeskKey,
    "a desk key (1 to 32 of a-z, 0-9, -)"
);

/// A named audience. What a device subscribes to, and the unit of sharding.
///
/// Text: `region:R`, `person:P`, `station:S`, `station:S/health`, `desk:K`.
/// Wire: an array of a code and a key: `[0, "R"]`, `[1, P]`, `[2, S]`, `[3, S]`, `[4, "K"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The directory of a region: stations, activities, notices.
    Region(RegionKey),
    /// What concerns one person.
    Person(PersonId),
    /// What a station's keepers see.
    Station(StationId),
    /// The health checks of a station: keepers with the health role.
    StationHealth(StationId),
    /// The tickets of a desk.
    Desk(DeskKey),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => write!(f, "region:{region}"),
            Self::Person(person) => write!(f, "person:{person}"),
            Self::Station(station) => write!(f, "station:{station}"),
            Self::StationHealth(station) => write!(f, "station:{station}/health"),
            Self::Desk(desk) => write!(f, "desk:{desk}"),
        }
    }
}

impl FromStr for Scope {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || {
            IdError::new(
                "a scope (region:R, person:P, station:S, station:S/health, desk:K)",
                text,
            )
        };
        let (word, key) = text.split_once(':').ok_or_else(wrong)?;
        match (word, key.strip_suffix("/health")) {
            ("region", None) => Ok(Self::Region(key.parse()?)),
            ("person", None) => Ok(Self::Person(key.parse()?)),
            ("station", None) => Ok(Self::Station(key.parse()?)),
            ("station", Some(station)) => Ok(Self::StationHealth(station.parse()?)),
            ("desk", None) => Ok(Self::Desk(key.parse()?)),
            _ => Err(wrong()),
        }
    }
}

impl<C> Encode<C> for Scope {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(2)?;
        match self {
            Self::Region(region) => e.u8(0)?.encode_with(region, ctx)?,
            Self::Person(person) => e.u8(1)?.encode_with(person, ctx)?,
            Self::Station(station) => e.u8(2)?.encode_with(station, ctx)?,
            Self::StationHealth(station) => e.u8(3)?.encode_with(station, ctx)?,
            Self::Desk(desk) => e.u8(4)?.encode_with(desk, ctx)?,
        }
        .ok()
    }
}

impl<'b, C> Decode<'b, C> for Scope {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        if d.array()? != Some(2) {
            return Err(decode::Error::message("a scope is an array of two").at(at));
        }
        match d.u8()? {
            0 => Ok(Self::Region(d.decode_with(ctx)?)),
            1 => Ok(Self::Person(d.decode_with(ctx)?)),
            2 => Ok(Self::Station(d.decode_with(ctx)?)),
            3 => Ok(Self::StationHealth(d.decode_with(ctx)?)),
            4 => Ok(Self::Desk(d.decode_with(ctx)?)),
            _ => Err(decode::Error::message("unknown scope code").at(at)),
        }
    }
}

/// What a person may do, and where.
///
/// Text, also on the wire: `driver`, `keeper@S`, `health@S`, `specialist@K`, `coordinator@R`,
/// `operator`, with a station's id, a desk's key or a region's key behind the `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Logs own visits, enrols, raises tickets.
    Driver,
    /// Runs a station: visits, services, activities.
    Keeper(StationId),
    /// Takes and reads health checks at a station.
    Health(StationId),
    /// Answers the tickets of a desk.
    Specialist(DeskKey),
    /// Looks after a region: its stations, people and desks.
    Coordinator(RegionKey),
    /// Runs the relay; reads no content.
    Operator,
    /// A role of a newer version, kept as its text; grants nothing here.
    Other(Box<str>),
}

/// A role held by a person; the word for it in listings.
pub type Grant = Role;

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver => f.write_str("driver"),
            Self::Keeper(station) => write!(f, "keeper@{station}"),
            Self::Health(station) => write!(f, "health@{station}"),
            Self::Specialist(desk) => write!(f, "specialist@{desk}"),
            Self::Coordinator(region) => write!(f, "coordinator@{region}"),
            Self::Operator => f.write_str("operator"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl FromStr for Role {
    type Err = IdError;

    /// Reads the text form; a name not listed is an error here (it is kept only when decoded
    /// from the wire).
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once('@') {
            None if text == "driver" => Ok(Self::Driver),
            None if text == "operator" => Ok(Self::Operator),
            Some(("keeper", station)) => Ok(Self::Keeper(station.parse()?)),
            Some(("health", station)) => Ok(Self::Health(station.parse()?)),
            Some(("specialist", desk)) => Ok(Self::Specialist(desk.parse()?)),
            Some(("coordinator", region)) => Ok(Self::Coordinator(region.parse()?)),
            _ => Err(IdError::new(
                "a role (driver, keeper@S, health@S, specialist@K, coordinator@R, operator)",
                text,
            )),
        }
    }
}

impl<C> Encode<C> for Role {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.to_string())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Role {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let text = d.str()?;
        Ok(text.parse().unwrap_or_else(|_| Self::Other(text.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station() -> StationId {
        StationId::from_bytes([3; 16])
    }

    #[test]
    fn every_scope_reads_its_own_text() {
        for scope in [
            Scope::Region("changzhou".parse().unwrap()),
            Scope::Person(PersonId::from_bytes([1; 16])),
            Scope::Station(station()),
            Scope::StationHealth(station()),
            Scope::Desk("legal-2".parse().unwrap()),
        ] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for wrong in [
            "",
            "region:",
            "region:常州",
            "person:1",
            "desk:a/health",
            "station:/health",
            "planet:mars",
        ] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_role_reads_its_own_text_and_a_new_one_is_kept() {
        for role in [
            Role::Driver,
            Role::Keeper(station()),
            Role::Health(station()),
            Role::Specialist("legal".parse().unwrap()),
            Role::Coordinator("banan".parse().unwrap()),
            Role::Operator,
        ] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert!("keeper".parse::<Role>().is_err());
        let bytes = minicbor::to_vec("auditor@x").unwrap();
        assert_eq!(
            minicbor::decode::<Role>(&bytes).unwrap(),
            Role::Other("auditor@x".into())
        );
    }

    #[test]
    fn a_key_is_short_and_plain() {
        assert!("a".repeat(32).parse::<RegionKey>().is_ok());
        for wrong in ["", "A", "-a", "a b", "常州", &"a".repeat(33)] {
            assert!(wrong.parse::<RegionKey>().is_err(), "{wrong}");
        }
    }
}
