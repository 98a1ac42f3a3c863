//! Pairing, registration and tokens: how a device comes to act for a person.
//!
//! A device that was never online has its own id, its own Ed25519 key pair and a provisional
//! person id, and can write at once. [`PairRequest`] and [`RegisterRequest`] introduce it to a
//! relay; [`TokenRequest`] renews its access by answering a challenge of the relay's, so that the
//! device's clock plays no part. What is signed is spelled out by the `signed_bytes` of each.

use minicbor::{Decode, Encode};

use crate::checkin::CheckInKit;
use crate::desk::DeskInfo;
use crate::id::{DeviceId, Epoch, PersonId};
use crate::scope::{RegionKey, Role, Scope};
use crate::timestamp::Timestamp;
use crate::version::ProtocolVersion;

/// Bytes of an Ed25519 public key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Who a device acts for, and what it subscribes to, as the relay sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Identity {
    /// Changes whenever anything else here does; a device sends back the one it knows.
    #[n(0)]
    pub version: u64,
    /// The person.
    #[n(1)]
    pub person: PersonId,
    /// The person's name, as registered.
    #[n(2)]
    pub name: String,
    /// Other ids under which this person wrote (provisional ones of devices paired later).
    #[n(3)]
    #[cbor(default)]
    pub aliases: Vec<PersonId>,
    /// What the person may do, and where.
    #[n(4)]
    pub roles: Vec<Role>,
    /// Every scope this device may read: its subscriptions, most urgent first.
    #[n(5)]
    pub scopes: Vec<Scope>,
    /// The regions this relay serves.
    #[n(6)]
    #[cbor(default)]
    pub regions: Vec<RegionKey>,
    /// The desks this person may raise a ticket at, answer at or escalate to; `None` from a relay
    /// that keeps none.
    #[n(7)]
    pub desks: Option<Vec<DeskInfo>>,
}

/// `POST /v1/pair`: a device presents a one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PairRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The code as typed or scanned; the relay ignores case, spaces and hyphens.
    #[n(1)]
    pub code: String,
    /// The device's own id.
    #[n(2)]
    pub device: DeviceId,
    /// Its Ed25519 public key, 32 bytes.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub public_key: Vec<u8>,
    /// The person id under which it may have written before; becomes an alias of the person.
    #[n(4)]
    pub provisional: PersonId,
    /// What people call this device ("Li's phone"); may be empty.
    #[n(5)]
    pub label: String,
    /// Signature over [`PairRequest::signed_bytes`], 64 bytes.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl PairRequest {
    /// What the signature covers: domain, code, device, key, provisional person; texts and keys
    /// prefixed with their length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan pair 1",
            &[
                self.code.as_bytes(),
                self.device.as_bytes(),
                &self.public_key,
                self.provisional.as_bytes(),
            ],
        )
    }
}

/// `POST /v1/register`: a driver alone, with what the station's standing QR says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The station's standing code, from its QR.
    #[n(1)]
    pub station_code: String,
    /// The device's own id.
    #[n(2)]
    pub device: DeviceId,
    /// Its Ed25519 public key, 32 bytes.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub public_key: Vec<u8>,
    /// The provisional person id, which the relay adopts.
    #[n(4)]
    pub person: PersonId,
    /// The driver's name.
    #[n(5)]
    pub name: String,
    /// What people call this device; may be empty.
    #[n(6)]
    pub label: String,
    /// Signature over [`RegisterRequest::signed_bytes`], 64 bytes.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl RegisterRequest {
    /// What the signature covers: domain, station code, device, key, person, name; each prefixed
    /// with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan register 1",
            &[
                self.station_code.as_bytes(),
                self.device.as_bytes(),
                &self.public_key,
                self.person.as_bytes(),
                self.name.as_bytes(),
            ],
        )
    }
}

/// The answer to [`PairRequest`] and [`RegisterRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// Who the device acts for.
    #[n(0)]
    pub identity: Identity,
    /// The relay's lineage.
    #[n(1)]
    pub epoch: Epoch,
    /// The relay's clock.
    #[n(2)]
    pub relay_time: Timestamp,
    /// First access.
    #[n(3)]
    pub access: Access,
}

/// `POST /v1/token`: a device answers a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TokenRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// The latest challenge the relay gave; empty asks for one (the answer is a fault with it).
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
    /// Signature over [`TokenRequest::signed_bytes`], 64 bytes.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl TokenRequest {
    /// What the signature covers: domain, device, challenge; each prefixed with its length in
    /// bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan token 1",
            &[self.device.as_bytes(), &self.challenge],
        )
    }
}

/// The answer to [`TokenRequest`]; also part of a [`Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Access {
    /// The bearer token: a JWT, opaque to the device.
    #[n(0)]
    pub token: String,
    /// Seconds it is good for, from when it was received.
    #[n(1)]
    pub token_ttl_s: u64,
    /// What to answer for the next one.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
    /// What the device shows and checks check-in codes with, with no network.
    #[n(3)]
    pub check_in: Option<CheckInKit>,
}

/// The domain and each part, every one prefixed with its length, so that no two different
/// messages have the same bytes.
pub(crate) fn signed(domain: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in std::iter::once(&domain).chain(parts) {
        // A part longer than 4 GiB cannot come out of a bounded message.
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_slide_into_each_other() {
        assert_ne!(signed(b"d", &[b"ab", b"c"]), signed(b"d", &[b"a", b"bc"]));
        assert_eq!(signed(b"d", &[b"a"]), b"\0\0\0\x01d\0\0\0\x01a");
    }
}
