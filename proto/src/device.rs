//! What becomes of a device's key, and of a device that was lost.
//!
//! A device changes its key with [`KeyRequest`], signed by the old key and the new one. A device
//! that was revoked, and that its relay wants wiped, takes its leave with [`FarewellRequest`]: it
//! hears the relay's signed [`WipeOrder`], hands over what it had not sent, erases itself, and says
//! so with [`WipedRequest`], which it signed before its key went.
//!
//! No fault wipes anything: anybody between a phone and its relay can answer with a fault. Only an
//! order wipes, signed by a key that the phone had from its relay before, for this device, this
//! lineage, and the number that this phone made up for this one question.

use minicbor::{Decode, Encode};

use crate::id::{DeviceId, Epoch, Nonce, PersonId};
use crate::identity::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, signed};
use crate::sync::{Push, Receipt};
use crate::timestamp::Timestamp;
use crate::version::ProtocolVersion;

/// `POST /v1/device/key`: a device goes over to a new key. Answered with an
/// [`crate::identity::Access`], whose certificate is of the new key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyRequest {
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
    /// Its Ed25519 public key so far.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub old_key: [u8; PUBLIC_KEY_BYTES],
    /// Its Ed25519 public key from now on.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub new_key: [u8; PUBLIC_KEY_BYTES],
    /// The old key's signature over [`KeyRequest::signed_bytes`].
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub old_signature: [u8; SIGNATURE_BYTES],
    /// The new key's signature over the same.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub new_signature: [u8; SIGNATURE_BYTES],
}

impl KeyRequest {
    /// What both signatures cover: domain, device, challenge, old key, new key; each prefixed with
    /// its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan key 1",
            &[
                self.device.as_bytes(),
                &self.challenge,
                &self.old_key,
                &self.new_key,
            ],
        )
    }
}

/// `POST /v1/device/farewell`: a device that was revoked asks whether to erase itself, and hands
/// over what it had not sent. Answered with a [`FarewellResponse`], or a fault if it is not to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FarewellRequest {
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
    /// A number of the device's own, which the order is to name: no order of before fits it.
    #[n(3)]
    pub nonce: Nonce,
    /// The device's clock.
    #[n(4)]
    pub device_time: Timestamp,
    /// Changes that the relay has not accepted. Empty until an order was heard and believed.
    #[n(5)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub pushes: Vec<Push>,
    /// The device's signature over [`FarewellRequest::signed_bytes`].
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
}

impl FarewellRequest {
    /// What the signature covers: domain, device, challenge, nonce, device time (milliseconds,
    /// eight bytes, big-endian), and for each push its document, kind (one byte) and
    /// change; each prefixed with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let time = self.device_time.as_ms().to_be_bytes();
        let kinds: Vec<[u8; 1]> = self.pushes.iter().map(|push| [push.kind.code()]).collect();
        let mut parts: Vec<&[u8]> = vec![
            self.device.as_bytes(),
            &self.challenge,
            self.nonce.as_bytes(),
            &time,
        ];
        for (push, kind) in self.pushes.iter().zip(&kinds) {
            parts.extend([&push.document.as_bytes()[..], kind, &push.change]);
        }
        signed(b"yizhan farewell 1", &parts)
    }
}

/// The answer to a [`FarewellRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FarewellResponse {
    /// To erase itself.
    #[n(0)]
    pub order: WipeOrder,
    /// One per push, in their order: kept for a person to decide on, or why not.
    #[n(1)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// What to answer in the next request.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
}

/// The relay's order to a device to erase itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WipeOrder {
    /// Which device.
    #[n(0)]
    pub device: DeviceId,
    /// The relay's lineage.
    #[n(1)]
    pub epoch: Epoch,
    /// The number that the device made up.
    #[n(2)]
    pub nonce: Nonce,
    /// When a person ordered it, by the relay's clock.
    #[n(3)]
    pub ordered_at: Timestamp,
    /// Signatures over [`WipeOrder::signed_bytes`] under the keys that the relay signs
    /// certificates with, the present one first and those before it behind; up to
    /// [`crate::limits::RELAY_KEYS_MAX`]. One that fits a key of the device's kit is enough.
    #[n(4)]
    pub signatures: Vec<OrderSignature>,
}

/// One of the relay's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct OrderSignature(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; SIGNATURE_BYTES],
);

impl WipeOrder {
    /// What the relay's signature covers: domain, device, epoch, nonce, time of the order
    /// (milliseconds, eight bytes, big-endian); each prefixed with its length in bytes (four,
    /// big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan wipe 1",
            &[
                self.device.as_bytes(),
                self.epoch.as_bytes(),
                self.nonce.as_bytes(),
                &self.ordered_at.as_ms().to_be_bytes(),
            ],
        )
    }
}

/// `POST /v1/device/wiped`: nothing is left on the device. May be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WipedRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// The order's number.
    #[n(2)]
    pub nonce: Nonce,
    /// Photos and papers whose bytes nobody else had, and which are gone with the device.
    #[n(3)]
    pub attachments_lost: u64,
    /// The signature over [`WipedRequest::signed_bytes`], made with the device's key before that
    /// was erased.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
}

impl WipedRequest {
    /// What the signature covers: domain, device, nonce, attachments lost (eight bytes,
    /// big-endian); each prefixed with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan wiped 1",
            &[
                self.device.as_bytes(),
                self.nonce.as_bytes(),
                &self.attachments_lost.to_be_bytes(),
            ],
        )
    }
}

/// The answer to a [`WipedRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WipeNoted {
    /// When the relay heard of it first.
    #[n(0)]
    pub wiped_at: Timestamp,
}

/// `POST /v1/people/merge`: a coordinator says that two drivers of their region are one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MergeRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// Who stays.
    #[n(1)]
    pub keep: PersonId,
    /// Who becomes an alias.
    #[n(2)]
    pub other: PersonId,
}

/// The answer to a [`MergeRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Merged {
    /// Who stayed.
    #[n(0)]
    pub person: PersonId,
    /// The person's name.
    #[n(1)]
    pub name: String,
    /// All other ids of the person.
    #[n(2)]
    pub aliases: Vec<PersonId>,
    /// `true`: the word was taken, and they are one as soon as the others have given theirs. What
    /// stands above is then told of who gave it or, to a coordinator, of who is to stay.
    #[n(3)]
    pub waits: Option<bool>,
}
