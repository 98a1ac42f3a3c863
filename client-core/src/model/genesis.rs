//! The constant first change of every kind: the same bytes for everybody, compiled in, never sent.
//!
//! It makes all containers of the kind, so two devices never make one twice, and every
//! container's object id is known without opening the document: the container at position `i`
//! was made by the operation `i + 1` of [`GENESIS_ACTOR`].
//!
//! A new schema version adds a second constant change on top of the first (same actor, next
//! sequence number), and its containers behind the ones that are there.

use std::sync::LazyLock;

use yizhan_proto::{ChangeHash, Kind};

use super::document::Unreadable;

/// The actor of every constant change.
pub(crate) const GENESIS_ACTOR: [u8; 4] = [0; 4];

/// The beginning of all documents of a kind, in one schema version.
#[derive(Debug)]
pub(crate) struct Genesis {
    /// The schema version.
    pub(crate) schema: u16,
    /// The change chunk.
    pub(crate) chunk: &'static [u8],
    /// Its hash.
    pub(crate) hash: ChangeHash,
    /// The counter of its last operation.
    pub(crate) last_op: u64,
}

impl Genesis {
    fn new(containers: u64, chunk: &'static [u8]) -> Self {
        Self {
            schema: 1,
            chunk,
            hash: ChangeHash::of_chunk(chunk),
            last_op: containers,
        }
    }

    /// The change as Automerge reads it.
    pub(crate) fn parsed(&self) -> Result<automerge::Change, Unreadable> {
        automerge::Change::try_from(self.chunk).map_err(|e| Unreadable(e.to_string()))
    }

    /// The newest beginning of a kind, if this version knows the kind.
    pub(crate) fn of(kind: Kind) -> Option<&'static Self> {
        match kind {
            Kind::Station => Some(&STATION),
            Kind::Visit => Some(&VISIT),
            Kind::Check => Some(&CHECK),
            Kind::Consent => Some(&CONSENT),
            Kind::Activity
            | Kind::Notice
            | Kind::Enrolment
            | Kind::Ticket
            | Kind::CaseNote
            | Kind::Unknown(_) => None,
        }
    }
}

static STATION: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(1, STATION_1));
static VISIT: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(2, VISIT_1));
static CHECK: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(2, CHECK_1));
static CONSENT: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(1, CONSENT_1));

/// Makes `facilities`.
const STATION_1: &[u8] = b"\
    \x85\x6f\x4a\x83\xd6\xb5\xad\x03\x01\x29\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x0c\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7f\x0a\x66\x61\x63\x69\x6c\x69\x74\x69\x65\x73\x01\x7f\x00\x7f\
    \x00\x7f\x00\
";
/// Makes `requested` and `services`.
const VISIT_1: &[u8] = b"\
    \x85\x6f\x4a\x83\xbf\x54\x53\xb6\x01\x31\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x14\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7e\x09\x72\x65\x71\x75\x65\x73\x74\x65\x64\x08\x73\x65\x72\x76\
    \x69\x63\x65\x73\x02\x02\x00\x02\x00\x02\x00\
";
/// Makes `advice` and `measurements`.
const CHECK_1: &[u8] = b"\
    \x85\x6f\x4a\x83\x58\x70\xf1\x66\x01\x32\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x15\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7e\x06\x61\x64\x76\x69\x63\x65\x0c\x6d\x65\x61\x73\x75\x72\x65\
    \x6d\x65\x6e\x74\x73\x02\x02\x00\x02\x00\x02\x00\
";
/// Makes `_`: a consent has no containers, and Automerge wants an operation.
const CONSENT_1: &[u8] = b"\
    \x85\x6f\x4a\x83\x77\x3f\xea\x4d\x01\x20\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x03\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7f\x01\x5f\x01\x7f\x00\x7f\x00\x7f\x00\
";

#[cfg(test)]
mod tests {
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ActorId, Automerge, ObjType, ROOT};

    use super::*;
    use crate::model::rules::Table;

    const KINDS: [Kind; 4] = [Kind::Station, Kind::Visit, Kind::Check, Kind::Consent];

    fn built(containers: &[&str]) -> Vec<u8> {
        let mut document = Automerge::new().with_actor(ActorId::from(GENESIS_ACTOR));
        let mut transaction = document.transaction();
        for container in containers {
            transaction
                .put_object(ROOT, *container, ObjType::Map)
                .unwrap();
        }
        transaction.commit_with(CommitOptions::default().with_time(0));
        document
            .get_last_local_change()
            .unwrap()
            .raw_bytes()
            .to_vec()
    }

    #[test]
    fn the_constant_changes_are_what_automerge_builds() {
        for kind in KINDS {
            let genesis = Genesis::of(kind).unwrap();
            let containers: Vec<_> = Table::of(kind)
                .unwrap()
                .containers
                .iter()
                .map(|container| container.name)
                .collect();
            assert_eq!(genesis.chunk, built(&containers), "{kind}");
            assert_eq!(genesis.last_op, containers.len() as u64);
        }
    }

    #[test]
    fn the_constant_changes_never_change() {
        let hash = |kind| Genesis::of(kind).unwrap().hash.to_string();
        assert_eq!(
            hash(Kind::Station),
            "d6b5ad030431dba56bb6659cc7913d7a42c4fff9b9e8560af6928a8c412d9520"
        );
        assert_eq!(
            hash(Kind::Visit),
            "bf5453b6801863311c3b92fc8ea18069d100c58dd9f50999f8fb84e8dd13aa1b"
        );
        assert_eq!(
            hash(Kind::Check),
            "5870f16685e64b160c1deb7bd8ae444fa35a97c91564dc04f5ba1b110df3c262"
        );
        assert_eq!(
            hash(Kind::Consent),
            "773fea4d6885ef4b58df85b28caee63e787d4d7196b51e5a3ed95484c6db9fe1"
        );
    }
}
