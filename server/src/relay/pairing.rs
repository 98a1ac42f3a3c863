//! How a device comes to act for a person: with a one-time code, or with a station's standing one.
//!
//! Both may be repeated after a lost answer. Signatures are checked before, by whoever calls.

use yizhan_proto::identity::{PUBLIC_KEY_BYTES, PairRequest, RegisterRequest};
use yizhan_proto::{DeviceId, PersonId, Role, Timestamp};

use super::codes::Code;
use super::people::label;
use super::types::Paired;
use super::{Relay, from_write, keys, quotas};
use crate::audit::{Action, By, Event, Subject};
use crate::error::{PairError, PeopleError, RelayError};
use crate::store::rows::{DeviceRow, PersonRow};
use crate::store::{LogTx, StoreError};

impl From<StoreError> for PairError {
    fn from(error: StoreError) -> Self {
        Self::Relay(RelayError::Storage(error))
    }
}

/// A device that introduces itself.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) device: DeviceId,
    public_key: [u8; PUBLIC_KEY_BYTES],
    label: String,
    /// The relay's own person, whom nobody is.
    relays: PersonId,
    pub(super) now: Timestamp,
}

impl Newcomer {
    pub(super) fn new(
        relay: &Relay,
        device: DeviceId,
        public_key: &[u8],
        named: &str,
    ) -> Result<Self, PairError> {
        if device == relay.device_id() {
            return Err(PairError::DeviceConflict);
        }
        let public_key = public_key.try_into().map_err(|_| {
            PairError::Invalid(format!(
                "the public key has {} bytes; an Ed25519 key has {PUBLIC_KEY_BYTES}",
                public_key.len()
            ))
        })?;
        Ok(Self {
            device,
            public_key,
            label: checked("a device's label", named, 0)?,
            relays: relay.hand().person(),
            now: relay.inner.clock.now(),
        })
    }

    /// What is known of the device, which must have the same key.
    pub(super) fn known(&self, tx: &LogTx<'_>) -> Result<Option<DeviceRow>, PairError> {
        match tx.device(self.device)? {
            Some(known) if known.public_key != self.public_key => Err(PairError::DeviceConflict),
            known => Ok(known),
        }
    }

    /// That the device was paired with `person`.
    pub(super) fn paired(&self, person: PersonId) -> Event {
        let by = By::Device(person, self.device);
        Event::new(self.now, by, Action::DevicePaired)
            .to(Subject::Device(self.device))
            .about(person)
    }

    /// The device as it acts for `person` from now on.
    pub(super) fn act_for(&self, person: PersonId, known: Option<&DeviceRow>) -> DeviceRow {
        DeviceRow {
            id: self.device,
            person,
            public_key: self.public_key,
            label: self.label.clone(),
            created_at: known.map_or(self.now, |known| known.created_at),
            revoked_at: None,
            last_seen_at: Some(self.now),
        }
    }
}

impl Relay {
    /// Pairs a device with a one-time code. The caller has verified the signature against
    /// `request.public_key`. The same device may present the same code again.
    ///
    /// # Errors
    /// [`PairError`].
    pub async fn pair(&self, request: PairRequest) -> Result<Paired, PairError> {
        let newcomer = Newcomer::new(self, request.device, &request.public_key, &request.label)?;
        let code = Code::read(&request.code).ok_or(PairError::CodeWrong)?;
        let provisional = request.provisional;
        self.welcome(move |tx| pair(tx, &newcomer, &code, provisional))
            .await
    }

    /// Registers a driver with a station's standing code. The caller has verified the signature.
    /// The same device may register the same person again: nothing changes then.
    ///
    /// # Errors
    /// [`PairError`].
    pub async fn register(&self, request: RegisterRequest) -> Result<Paired, PairError> {
        let newcomer = Newcomer::new(self, request.device, &request.public_key, &request.label)?;
        let code = Code::read(&request.station_code).ok_or(PairError::StationCodeInvalid)?;
        let name = checked("a driver's name", &request.name, 1)?;
        let person = request.person;
        let most = self.inner.quotas.station_registrations_per_day_max;
        self.welcome(move |tx| register(tx, &newcomer, &code, (person, &name), most))
            .await
    }

    pub(super) async fn welcome(
        &self,
        job: impl FnOnce(&mut LogTx<'_>) -> Result<PersonRow, PairError> + Send + 'static,
    ) -> Result<Paired, PairError> {
        let person: PersonRow = self
            .inner
            .writer
            .write(job)
            .await
            .map_err(from_write::<PairError, PairError>)?;
        Ok(Paired {
            identity: self.identity_of(&person),
            epoch: self.epoch(),
            relay_time: self.inner.clock.now(),
        })
    }
}

fn pair(
    tx: &mut LogTx<'_>,
    newcomer: &Newcomer,
    code: &Code,
    provisional: PersonId,
) -> Result<PersonRow, PairError> {
    let row = tx.pair_code(code.hash())?.ok_or(PairError::CodeWrong)?;
    let known = match tx.device(newcomer.device)? {
        // A copy of a device whose key was replaced comes back with a new code for its person.
        Some(known) if row.used_by.is_none() && known.person == row.person => Some(known),
        Some(_) | None => newcomer.known(tx)?,
    };
    if let Some(user) = row.used_by {
        // A lost answer: the same device asks again. A revoked one does not come back this way.
        let again = user == newcomer.device
            && known
                .as_ref()
                .is_some_and(|known| known.revoked_at.is_none() && known.person == row.person);
        return if again {
            person(tx, row.person)
        } else {
            Err(PairError::CodeUsed)
        };
    }
    if row.expires_at <= newcomer.now {
        return Err(PairError::CodeExpired);
    }
    // What was lost with one person does not stay on the phone because another has a code.
    if known
        .as_ref()
        .is_some_and(|known| known.person != row.person)
        && tx
            .wipe(newcomer.device)?
            .is_some_and(|wipe| wipe.wiped_at.is_none())
    {
        return Err(PairError::DeviceRevoked);
    }
    adopt_alias(tx, row.person, provisional, newcomer)?;
    if let Some(known) = known.as_ref()
        && known.public_key != newcomer.public_key
    {
        keys::keep_former(tx, known, newcomer.now)?;
    }
    tx.put_device(&newcomer.act_for(row.person, known.as_ref()))?;
    // Whoever made the code wants the device to be what it was.
    tx.drop_wipe(newcomer.device)?;
    tx.use_pair_code(row.hash, newcomer.device, newcomer.now)?;
    tx.audit(&newcomer.paired(row.person))?;
    person(tx, row.person)
}

fn register(
    tx: &mut LogTx<'_>,
    newcomer: &Newcomer,
    code: &Code,
    (id, name): (PersonId, &str),
    registrations_max: u64,
) -> Result<PersonRow, PairError> {
    let Some(place) = tx.station_of_code(code.plain())? else {
        return Err(PairError::StationCodeInvalid);
    };
    if tx.erasure_of_person(id)?.is_some() {
        return Err(PairError::Invalid(
            "this person was erased; set the app up anew, as somebody new".to_owned(),
        ));
    }
    if tx.is_station_closed(place.station)? {
        return Err(PairError::Invalid(
            "this station is closed; register at another one, or ask for a pairing code".to_owned(),
        ));
    }
    if let Some(known) = newcomer.known(tx)? {
        return match known.revoked_at {
            Some(_) => Err(PairError::DeviceRevoked),
            None if known.person == id || tx.person_of_alias(id)? == Some(known.person) => {
                person(tx, known.person)
            }
            None => Err(PairError::DeviceConflict),
        };
    }
    if !may_claim(tx, id, newcomer)? {
        return Err(PairError::PersonConflict);
    }
    quotas::room_to_register(tx, place.station, newcomer.now, registrations_max)?;
    tx.put_person(id, name, newcomer.now)?;
    tx.put_registration(id, place.station, newcomer.now)?;
    tx.add_role(id, &Role::Driver)?;
    tx.put_device(&newcomer.act_for(id, None))?;
    let by = By::Device(id, newcomer.device);
    let registered = Event::new(newcomer.now, by, Action::PersonRegistered);
    tx.audit(&registered.to(Subject::Station(place.station)).about(id))?;
    tx.audit(&newcomer.paired(id))?;
    person(tx, id)
}

/// Makes the id under which a device wrote before pairing another id of the person, unless it is
/// somebody else's to claim.
pub(super) fn adopt_alias(
    tx: &mut LogTx<'_>,
    person: PersonId,
    provisional: PersonId,
    newcomer: &Newcomer,
) -> Result<(), PairError> {
    if provisional == person || tx.person_of_alias(provisional)? == Some(person) {
        return Ok(());
    }
    // The phone of somebody who was erased, and who comes back as somebody new.
    if tx.erasure_of_person(provisional)?.is_some() {
        return Ok(());
    }
    if !may_claim(tx, provisional, newcomer)? {
        return Err(PairError::PersonConflict);
    }
    Ok(tx.add_alias(person, provisional)?)
}

/// Whether a device may take an id that it says it wrote under. One that follows
/// from a key is its holder's alone, whatever others wrote about it meanwhile. Of any other, it
/// only speaks for the device that nobody else has written about it.
fn may_claim(tx: &mut LogTx<'_>, id: PersonId, newcomer: &Newcomer) -> Result<bool, PairError> {
    if id == newcomer.relays {
        return Ok(false);
    }
    if tx.person(id)?.is_some() || tx.person_of_alias(id)?.is_some() {
        return Ok(false);
    }
    if id.is_derived() {
        return Ok(id == PersonId::of_key(&newcomer.public_key));
    }
    Ok(!tx.has_documents(id)?)
}

pub(super) fn person(tx: &LogTx<'_>, id: PersonId) -> Result<PersonRow, PairError> {
    tx.person(id)?
        .ok_or_else(|| StoreError::damaged("a device without a person").into())
}

fn checked(what: &str, text: &str, bytes_min: usize) -> Result<String, PairError> {
    label(what, text, bytes_min).map_err(|error| match error {
        PeopleError::Relay(error) => PairError::Relay(error),
        other @ (PeopleError::Invalid(_)
        | PeopleError::NoPerson(_)
        | PeopleError::NoDevice
        | PeopleError::NoStation(_)
        | PeopleError::NoRegion(_)
        | PeopleError::NoDesk(_)) => PairError::Invalid(other.to_string()),
    })
}
