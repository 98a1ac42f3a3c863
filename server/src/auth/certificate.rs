//! Certificates of devices: what the relay vouches for, so that two phones can believe each other
//! with no network.

use ed25519_dalek::{Signer, SigningKey};
use yizhan_proto::checkin::{Certificate, RelayKey, certified_name};
use yizhan_proto::limits::{CERTIFICATE_LIFE_MS, RELAY_KEYS_MAX};
use yizhan_proto::{DeviceId, PersonId, Timestamp};

use super::keys::public_key;

/// Which device, and who it acts for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The device.
    pub device: DeviceId,
    /// Who it acts for.
    pub person: PersonId,
    /// The person's name, as registered.
    pub name: &'a str,
    /// The device's Ed25519 public key.
    pub public_key: [u8; 32],
}

/// Signs certificates, under the key that signs access tokens: what is signed begins with a
/// length, which no token does, so neither passes for the other.
pub(super) struct Certifier {
    signing: SigningKey,
    former: Vec<RelayKey>,
}

impl Certifier {
    /// Signs under the first key; certificates under a former one are still to be believed.
    pub(super) fn new(seed: &[u8; 32], former: &[[u8; 32]]) -> Self {
        Self {
            signing: SigningKey::from_bytes(seed),
            former: former
                .iter()
                .map(|seed| RelayKey(public_key(seed)))
                .collect(),
        }
    }

    /// The keys under which certificates are to be believed, the present one first.
    pub(super) fn keys(&self) -> Vec<RelayKey> {
        std::iter::once(RelayKey(self.signing.verifying_key().to_bytes()))
            .chain(self.former.iter().copied())
            .take(RELAY_KEYS_MAX)
            .collect()
    }

    pub(super) fn certify(&self, subject: &Subject<'_>, now: Timestamp) -> Certificate {
        let mut certificate = Certificate {
            device: subject.device,
            person: subject.person,
            name: certified_name(subject.name),
            public_key: subject.public_key,
            not_after: now.saturating_add_ms(CERTIFICATE_LIFE_MS),
            signature: [0; 64],
        };
        certificate.signature = self.signing.sign(&certificate.signed_bytes()).to_bytes();
        certificate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::verify;

    #[test]
    fn a_certificate_is_signed_by_the_key_that_is_told_and_lasts_a_month() {
        let certifier = Certifier::new(&[1; 32], &[]);
        let now = Timestamp::from_ms(1_795_000_000_000);
        let subject = Subject {
            device: DeviceId::from_bytes([2; 16]),
            person: PersonId::from_bytes([4; 16]),
            name: "李\n师傅",
            public_key: [3; 32],
        };
        let certificate = certifier.certify(&subject, now);
        assert_eq!(certificate.name, "李 师傅");
        assert_eq!(certificate.not_after.ms_since(now), 30 * 86_400_000);
        let (signed, signature) = (certificate.signed_bytes(), certificate.signature);
        let [RelayKey(key)] = certifier.keys()[..] else {
            panic!("one key");
        };
        assert_eq!(verify(&key, &signed, &signature), Ok(()));
        let other = Certifier::new(&[9; 32], &[]).certify(&subject, now);
        assert!(verify(&key, &signed, &other.signature).is_err());
    }
}
