//! Showing and verifying check-in codes, with no network: pure functions over a kit, a code and the
//! time. What crosses between two phones is [`yizhan_proto::checkin`].

use ed25519_dalek::{Signature, VerifyingKey};
use yizhan_proto::checkin::{CheckInCode, CheckInKit, RelayKey};
use yizhan_proto::limits::{CODE_LIFE_MS, CODE_SKEW_TOLERATED_MS};
use yizhan_proto::{DeviceId, DocumentId, Nonce, PersonId, Timestamp};

/// What a code says, and whether it may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The driver it names.
    pub driver: PersonId,
    /// The driver's name, as the relay registered it.
    pub name: String,
    /// The device that showed it.
    pub device: DeviceId,
    /// The showing.
    pub nonce: Nonce,
    /// The activity it was shown for, if for one.
    pub activity: Option<DocumentId>,
    /// Whether to believe it.
    pub finding: Finding,
}

/// Whether a code may be believed. Whatever it is, the scan happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Shown just now by a device that the relay vouches for.
    Ok,
    /// Genuine, and its 90 seconds are over: an old picture, or a slow hand.
    Expired,
    /// Genuine, and dated in the future: one of the two clocks is wrong.
    NotYetValid,
    /// Genuine, and the device was revoked.
    Revoked,
    /// Not shown to be genuine.
    Unverified(Doubt),
}

/// Why a code is not shown to be genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The verifying phone has no key of a relay to verify with.
    NoKeys,
    /// The certificate is not signed by any relay key that the verifying phone knows.
    ForeignRelay,
    /// The code is not signed by the device of the certificate.
    WrongSignature,
    /// It claims to be good for longer than a code is, or to end before it begins.
    WrongLife,
    /// The device's certificate has run out: it has not synced for a month.
    CertificateExpired,
}

impl Finding {
    /// A sentence for the person at the counter.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Ok => "the code is genuine",
            Self::Expired => "the code has expired; ask the driver to show a new one",
            Self::NotYetValid => {
                "the code is dated in the future; sync both phones, and show a new one"
            }
            Self::Revoked => "the code is of a device that was revoked",
            Self::Unverified(doubt) => doubt.sentence(),
        }
    }
}

impl Doubt {
    /// A sentence for the person at the counter.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoKeys => {
                "this phone has no key to verify the code with; sync once with the relay"
            }
            Self::ForeignRelay => {
                "the code is not vouched for by this relay; if the driver is of this network, sync both phones"
            }
            Self::WrongSignature => "the code is not signed by the device it names",
            Self::WrongLife => "the code claims another life than a code has",
            Self::CertificateExpired => {
                "the driver's phone has not synced for a month; sync it, and show a new code"
            }
        }
    }
}

/// Verifies a code with what this device's kit holds. `now` is this device's estimate of the
/// relay's time; estimates may differ by [`CODE_SKEW_TOLERATED_MS`].
#[must_use]
pub fn verify(code: &CheckInCode, kit: Option<&CheckInKit>, now: Timestamp) -> Checked {
    let certificate = &code.certificate;
    Checked {
        driver: certificate.person,
        name: certificate.name.clone(),
        device: certificate.device,
        nonce: code.nonce,
        activity: code.activity,
        finding: find(code, kit, now),
    }
}

/// Signatures first: nothing that a code says counts before they fit.
fn find(code: &CheckInCode, kit: Option<&CheckInKit>, now: Timestamp) -> Finding {
    let certificate = &code.certificate;
    let keys = kit.map_or(&[][..], |kit| &kit.relay_keys);
    if keys.is_empty() {
        return Finding::Unverified(Doubt::NoKeys);
    }
    let vouched = certificate.signed_bytes();
    let by = |RelayKey(key): &RelayKey| is_signed(key, &vouched, &certificate.signature);
    if !keys.iter().any(by) {
        return Finding::Unverified(Doubt::ForeignRelay);
    }
    if !is_signed(
        &certificate.public_key,
        &code.signed_bytes(),
        &code.signature,
    ) {
        return Finding::Unverified(Doubt::WrongSignature);
    }
    if !(0..=CODE_LIFE_MS).contains(&code.expires_at.ms_since(code.issued_at)) {
        return Finding::Unverified(Doubt::WrongLife);
    }
    if kit.is_some_and(|kit| kit.revoked.contains(&certificate.device)) {
        return Finding::Revoked;
    }
    if now.ms_since(certificate.not_after) > CODE_SKEW_TOLERATED_MS {
        return Finding::Unverified(Doubt::CertificateExpired);
    }
    if code.issued_at.ms_since(now) > CODE_SKEW_TOLERATED_MS {
        return Finding::NotYetValid;
    }
    if now.ms_since(code.expires_at) > CODE_SKEW_TOLERATED_MS {
        return Finding::Expired;
    }
    Finding::Ok
}

/// Strictly: no weak keys, no second form of a signature.
fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| {
        !key.is_weak()
            && key
                .verify_strict(message, &Signature::from_bytes(signature))
                .is_ok()
    })
}

/// This device has no certificate to show a code with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this phone cannot show a check-in code yet: the relay has not vouched for it; sync once with the relay"
)]
pub struct NoCertificate;

#[cfg(test)]
mod tests;
