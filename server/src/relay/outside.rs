//! Outside identities: who a subject of an identity provider is here, and pairing by their token.
//!
//! Whether a token is good is not decided here: what comes in is what a good one says.

use yizhan_proto::identity::PUBLIC_KEY_BYTES;
use yizhan_proto::limits::LABEL_BYTES_MAX;
use yizhan_proto::{DeviceId, PersonId, Timestamp};

use super::pairing::{Newcomer, adopt_alias, person};
use super::people::existing;
use super::types::Paired;
use super::{Relay, audit, from_read};
use crate::audit::Action;
use crate::error::{PairError, PeopleError, RelayError};
use crate::store::rows::{OutsideIdentityRow, PersonRow};
use crate::store::{LogTx, StoreError};

/// What a good token of an identity provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideBearer {
    /// The provider.
    pub issuer: String,
    /// Who, as the provider calls them.
    pub subject: String,
    /// SHA-256 of the token, which pairs one device.
    pub token_hash: [u8; 32],
    /// When the token ends; its hash is remembered until then.
    pub expires_at: Timestamp,
}

/// A device that presents such a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideNewcomer {
    /// The device.
    pub device: DeviceId,
    /// Its Ed25519 public key.
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    /// The person id under which it may have written before.
    pub provisional: PersonId,
    /// What people call it.
    pub label: String,
}

impl Relay {
    /// Says who a subject of an identity provider is here. Saying it again changes nothing; another
    /// person takes the place of the former.
    ///
    /// # Errors
    /// [`PeopleError::NoPerson`]; [`PeopleError::Invalid`] for an issuer or subject that is empty or
    /// longer than 256 bytes.
    pub async fn link_outside(
        &self,
        id: PersonId,
        issuer: &str,
        subject: &str,
    ) -> Result<OutsideIdentityRow, PeopleError> {
        let (issuer, subject) = (named("an issuer", issuer)?, named("a subject", subject)?);
        let linked_at = self.inner.clock.now();
        self.people_job(move |tx| {
            let id = existing(tx, tx.person_of_alias(id)?.unwrap_or(id))?.id;
            let row = OutsideIdentityRow {
                issuer,
                subject,
                person: id,
                linked_at,
            };
            let former = who(tx, &row.issuer, &row.subject)?;
            if former != Some(id) {
                if let Some(former) = former {
                    tx.audit(&audit::linked(linked_at, Action::IdentityUnlinked, former))?;
                }
                tx.audit(&audit::linked(linked_at, Action::IdentityLinked, id))?;
            }
            tx.put_outside_identity(&row)?;
            Ok(row)
        })
        .await
    }

    /// Takes a link back; whether there was one. Devices paired through it stay: revoke them.
    ///
    /// # Errors
    /// [`PeopleError::Relay`] if the store fails.
    pub async fn unlink_outside(
        &self,
        issuer: String,
        subject: String,
    ) -> Result<bool, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            if let Some(former) = who(tx, &issuer, &subject)? {
                tx.audit(&audit::linked(now, Action::IdentityUnlinked, former))?;
            }
            Ok(tx.remove_outside_identity(&issuer, &subject)?)
        })
        .await
    }

    /// All links, ascending by issuer, then subject.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn outside_identities(&self) -> Result<Vec<OutsideIdentityRow>, RelayError> {
        self.inner
            .readers
            .read(|snapshot| snapshot.outside_identities())
            .await
            .map_err(from_read)
    }

    /// Pairs a device for whom a good token names. The caller has verified the token, and the
    /// device's signature. The same device may present the same token again.
    ///
    /// # Errors
    /// [`PairError`].
    pub async fn pair_outside(
        &self,
        newcomer: OutsideNewcomer,
        bearer: OutsideBearer,
    ) -> Result<Paired, PairError> {
        let provisional = newcomer.provisional;
        let newcomer = Newcomer::new(self, newcomer.device, &newcomer.public_key, &newcomer.label)?;
        self.welcome(move |tx| pair(tx, &newcomer, &bearer, provisional))
            .await
    }
}

fn pair(
    tx: &mut LogTx<'_>,
    newcomer: &Newcomer,
    bearer: &OutsideBearer,
    provisional: PersonId,
) -> Result<PersonRow, PairError> {
    let id = who(tx, &bearer.issuer, &bearer.subject)?.ok_or(PairError::OutsideUnknown)?;
    let known = newcomer.known(tx)?;
    if let Some(user) = tx.outside_token(bearer.token_hash)? {
        // A lost answer: the same device asks again. A revoked one does not come back this way.
        let again = user == newcomer.device
            && known
                .as_ref()
                .is_some_and(|known| known.revoked_at.is_none() && known.person == id);
        return if again {
            person(tx, id)
        } else {
            Err(PairError::OutsideTokenUsed)
        };
    }
    // No token takes back what a person decided about a device: only a pairing code does.
    if known
        .as_ref()
        .is_some_and(|known| known.revoked_at.is_some())
    {
        return Err(PairError::DeviceRevoked);
    }
    adopt_alias(tx, id, provisional, newcomer)?;
    tx.put_device(&newcomer.act_for(id, known.as_ref()))?;
    tx.use_outside_token(
        bearer.token_hash,
        newcomer.device,
        bearer.expires_at,
        newcomer.now,
    )?;
    tx.audit(&newcomer.paired(id))?;
    person(tx, id)
}

/// Who a subject of a provider is here.
fn who(tx: &LogTx<'_>, issuer: &str, subject: &str) -> Result<Option<PersonId>, StoreError> {
    let Some(linked) = tx.outside_identity(issuer, subject)? else {
        return Ok(None);
    };
    // Whoever was linked may have become an alias of somebody since.
    Ok(Some(tx.person_of_alias(linked)?.unwrap_or(linked)))
}

fn named(what: &str, text: &str) -> Result<String, PeopleError> {
    if text.is_empty() || text.len() > LABEL_BYTES_MAX {
        return Err(PeopleError::Invalid(format!(
            "{what} has {} bytes; 1 to {LABEL_BYTES_MAX} are allowed",
            text.len()
        )));
    }
    Ok(text.to_owned())
}
