//! The directory of stations: import and list. An import is an operator's word, and becomes
//! changes by the relay's own hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use yizhan_client_core::model::station::{Command as Edit, NewStation, Station};
use yizhan_client_core::model::{Command, Document};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{DocumentId, Kind, StationId};

use super::audit::operator;
use super::own::{Hand, OwnError};
use super::types::{ImportOutcome, ImportedStation};
use super::{Relay, from_read, from_write};
use crate::audit::{Action, Detail, Subject};
use crate::error::{ImportError, RelayError};
use crate::store::rows::RegionRow;
use crate::store::{LogTx, Snapshot, StoreError};

/// Stations as they were last read, each with the digest it had.
#[derive(Debug, Default)]
pub(super) struct StationCache(Mutex<BTreeMap<DocumentId, (DocumentDigest, Station)>>);

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Relay(RelayError::Storage(error))
    }
}

impl Relay {
    /// All stations, ascending by key. One that cannot be read is left out, and logged.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn stations(&self) -> Result<Vec<Station>, RelayError> {
        let inner = Arc::clone(&self.inner);
        let read = self
            .inner
            .readers
            .read(move |snapshot| inner.stations.read(snapshot));
        read.await.map_err(from_read)
    }

    /// Imports stations, all or none: new ones are made, existing ones (by key) changed where
    /// they differ. Their regions are added to those served.
    ///
    /// # Errors
    /// [`ImportError`] names the station; nothing was imported.
    pub async fn import_stations(
        &self,
        stations: Vec<NewStation>,
    ) -> Result<Vec<ImportedStation>, ImportError> {
        let importer = Importer { hand: self.hand() };
        self.inner
            .writer
            .write(move |tx| importer.import(tx, &stations))
            .await
            .map_err(from_write::<ImportError, ImportError>)
    }
}

impl StationCache {
    fn read(&self, snapshot: &Snapshot<'_>) -> Result<Vec<Station>, StoreError> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stations = Vec::new();
        for (id, digest) in snapshot.directory(Kind::Station)? {
            let known = cache
                .get(&id)
                .filter(|(known, _)| *known == digest)
                .map(|(_, station)| station.clone());
            let station = match known {
                Some(station) => station,
                None => match open(id, &snapshot.change_bytes(id)?) {
                    Ok((_, station)) => station,
                    Err(problem) => {
                        tracing::error!(station = %id, problem, "a station cannot be read");
                        continue;
                    }
                },
            };
            cache.insert(id, (digest, station.clone()));
            stations.push(station);
        }
        stations.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
        Ok(stations)
    }
}

fn open(id: DocumentId, changes: &[Vec<u8>]) -> Result<(Document, Station), String> {
    let changes = changes.iter().map(Vec::as_slice);
    let document = Document::open(id, Kind::Station, changes).map_err(|e| e.to_string())?;
    let station = Station::read(&document).map_err(|e| e.to_string())?;
    Ok((document, station))
}

/// One import, under way.
#[derive(Debug)]
struct Importer {
    hand: Hand,
}

impl Importer {
    fn import(
        &self,
        tx: &mut LogTx<'_>,
        stations: &[NewStation],
    ) -> Result<Vec<ImportedStation>, ImportError> {
        let mut known = stored(tx)?;
        let mut seen = std::collections::BTreeSet::new();
        let mut imported = Vec::with_capacity(stations.len());
        for (index, new) in (1..).zip(stations) {
            let key = new.key.clone();
            if !seen.insert(key.clone()) {
                return Err(ImportError::Twice { key });
            }
            add_region(tx, new)?;
            let (id, outcome) = match known.remove(&key) {
                Some((document, station)) => {
                    (station.id, self.update(tx, index, document, &station, new)?)
                }
                None => (self.create(tx, index, new)?, ImportOutcome::Created),
            };
            if outcome != ImportOutcome::Unchanged {
                let created = outcome == ImportOutcome::Created;
                let station = Subject::Station(StationId::from_bytes(*id.as_bytes()));
                let event = operator(self.hand.now, Action::StationImported).to(station);
                let how = if created { "created" } else { "updated" };
                tx.audit(&event.detail(Detail::word(how)))?;
            }
            let id = id.into();
            imported.push(ImportedStation { key, id, outcome });
        }
        Ok(imported)
    }

    fn create(
        &self,
        tx: &mut LogTx<'_>,
        index: usize,
        new: &NewStation,
    ) -> Result<DocumentId, ImportError> {
        let id = self.hand.new_document().map_err(RelayError::Randomness)?;
        let document = Document::begin(id, Kind::Station)
            .map_err(|error| unchangeable(new, &error.to_string()))?;
        self.carry_out(tx, index, document, new, vec![Edit::Create(new.clone())])?;
        Ok(id)
    }

    fn update(
        &self,
        tx: &mut LogTx<'_>,
        index: usize,
        document: Document,
        station: &Station,
        new: &NewStation,
    ) -> Result<ImportOutcome, ImportError> {
        let edits = differences(station, new).map_err(|problem| unchangeable(new, &problem))?;
        if edits.is_empty() {
            return Ok(ImportOutcome::Unchanged);
        }
        self.carry_out(tx, index, document, new, edits)?;
        Ok(ImportOutcome::Updated)
    }

    /// Writes each edit as a change and stores it, or fails with the first that is refused.
    fn carry_out(
        &self,
        tx: &mut LogTx<'_>,
        index: usize,
        mut document: Document,
        new: &NewStation,
        edits: Vec<Edit>,
    ) -> Result<(), ImportError> {
        for edit in edits {
            let command = Command::Station(edit);
            let written = self.hand.write(tx, &mut document, &command);
            written.map_err(|error| match error {
                OwnError::Refused(source) => ImportError::Station {
                    index,
                    key: new.key.clone(),
                    source,
                },
                OwnError::Unreadable(problem) => unchangeable(new, &problem),
                OwnError::Store(error) => error.into(),
            })?;
        }
        Ok(())
    }
}

fn unchangeable(new: &NewStation, problem: &str) -> ImportError {
    ImportError::Unchangeable {
        key: new.key.clone(),
        problem: problem.to_owned(),
    }
}

/// All stations in the store, by key.
fn stored(tx: &mut LogTx<'_>) -> Result<BTreeMap<String, (Document, Station)>, ImportError> {
    let mut known = BTreeMap::new();
    for id in tx.directory(Kind::Station)? {
        let (document, station) =
            open(id, &tx.change_bytes(id)?).map_err(|problem| ImportError::Unchangeable {
                key: id.to_string(),
                problem,
            })?;
        known.insert(station.key.clone(), (document, station));
    }
    Ok(known)
}

fn add_region(tx: &mut LogTx<'_>, new: &NewStation) -> Result<(), StoreError> {
    if tx.region(&new.region)?.is_none() {
        tx.put_region(&RegionRow {
            key: new.region.clone(),
            name: new.region.to_string(),
        })?;
    }
    Ok(())
}

/// The edits that make a station what an import says; what the import leaves open stays. An error
/// names what no edit can change.
fn differences(station: &Station, new: &NewStation) -> Result<Vec<Edit>, String> {
    if station.region.as_ref() != Some(&new.region) {
        return Err(format!(
            "its region is {}, and cannot be changed to {}; give the new station another key",
            station
                .region
                .as_ref()
                .map_or("not set", |region| region.as_str()),
            new.region
        ));
    }
    if new.rooms.is_some() && new.rooms != station.rooms {
        return Err("its number of rooms cannot be changed; leave it out".to_owned());
    }
    let place = new.lat.zip(new.lon);
    let describe = Edit::Describe {
        name: changed(Some(&new.name), station.name.value.as_ref()),
        station_type: changed(Some(&new.station_type), station.station_type.as_ref()),
        address: changed(new.address.as_ref(), station.address.value.as_ref()),
        place: changed(place.as_ref(), station.place.as_ref()),
        beds_total: changed(new.beds_total.as_ref(), station.beds_total.value.as_ref()),
    };
    let nothing = Edit::Describe {
        name: None,
        station_type: None,
        address: None,
        place: None,
        beds_total: None,
    };
    let mut edits = Vec::new();
    if describe != nothing {
        edits.push(describe);
    }
    let facility = |facility: &String, offered| Edit::SetFacility {
        facility: facility.clone(),
        offered,
    };
    let gained = new
        .facilities
        .iter()
        .filter(|f| !station.facilities.contains(f));
    edits.extend(gained.map(|gained| facility(gained, true)));
    let lost = station
        .facilities
        .iter()
        .filter(|f| !new.facilities.contains(f));
    edits.extend(lost.map(|lost| facility(lost, false)));
    edits.extend(changed(new.hours.as_ref(), station.hours.value.as_ref()).map(Edit::SetHours));
    edits.extend(changed(new.phone.as_ref(), station.phone.value.as_ref()).map(Edit::SetPhone));
    Ok(edits)
}

/// What is wanted, if something is and it differs.
fn changed<T: Clone + PartialEq>(wanted: Option<&T>, found: Option<&T>) -> Option<T> {
    wanted.filter(|wanted| Some(*wanted) != found).cloned()
}
