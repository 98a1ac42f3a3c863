//! Outside identities: a token of a configured identity provider stands for the one-time code.

use minicbor::{Decode, Encode};

use crate::id::{DeviceId, PersonId};
use crate::identity::signed;
use crate::version::ProtocolVersion;

/// Bytes of an identity provider's token; nothing longer is looked at.
pub const OUTSIDE_TOKEN_BYTES_MAX: usize = 8 * 1024;

/// `POST /v1/pair/outside`: a device presents a token of an outside identity provider. The answer is
/// a [`crate::identity::Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutsidePairRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The provider's signed token (a JWT), up to [`OUTSIDE_TOKEN_BYTES_MAX`].
    #[n(1)]
    pub token: String,
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
    /// What people call this device; may be empty.
    #[n(5)]
    pub label: String,
    /// Signature over [`OutsidePairRequest::signed_bytes`], 64 bytes.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl OutsidePairRequest {
    /// What the signature covers: domain, token, device, key, provisional person; each prefixed
    /// with its length in bytes (four, big-endian).
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed(
            b"yizhan pair outside 1",
            &[
                self.token.as_bytes(),
                self.device.as_bytes(),
                &self.public_key,
                self.provisional.as_bytes(),
            ],
        )
    }
}
