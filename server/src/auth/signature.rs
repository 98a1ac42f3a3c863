//! A device's signature.

use ed25519_dalek::{Signature, VerifyingKey};

/// A signature does not prove that the device wrote the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is not an Ed25519 public key of 32 bytes.
    #[error("the public key is not an Ed25519 key of 32 bytes")]
    Key,
    /// The signature is not 64 bytes, or does not fit the key and the message.
    #[error("the signature does not fit the device's key")]
    Signature,
}

/// Checks a signature over `message`, strictly: no weak keys, no second form of a signature.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let key: &[u8; 32] = public_key.try_into().map_err(|_| SignatureError::Key)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| SignatureError::Key)?;
    if key.is_weak() {
        return Err(SignatureError::Key);
    }
    let signature = Signature::from_slice(signature).map_err(|_| SignatureError::Signature)?;
    key.verify_strict(message, &signature)
        .map_err(|_| SignatureError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn only_the_devices_own_signature_fits() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let public = key.verifying_key().to_bytes();
        let signature = key.sign(b"a message").to_bytes();
        assert_eq!(verify(&public, b"a message", &signature), Ok(()));
        for (public, message, signature, expected) in [
            (
                &public[..],
                &b"another"[..],
                &signature[..],
                SignatureError::Signature,
            ),
            (
                &public,
                b"a message",
                &signature[..63],
                SignatureError::Signature,
            ),
            (&public, b"a message", &[0; 64], SignatureError::Signature),
            (&public[..31], b"a message", &signature, SignatureError::Key),
            (&[0; 32], b"a message", &signature, SignatureError::Key),
        ] {
            assert_eq!(verify(public, message, signature), Err(expected));
        }
    }
}
