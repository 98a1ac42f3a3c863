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

/// The beginning of all documents of a kind: one constant change a schema version, each on top of
/// the one before.
#[derive(Debug)]
pub(crate) struct Genesis {
    steps: Vec<Step>,
}

/// The constant change of one schema version.
#[derive(Debug)]
pub(crate) struct Step {
    /// The schema version, from 1.
    pub(crate) schema: u16,
    /// The change chunk.
    pub(crate) chunk: &'static [u8],
    /// Its hash.
    pub(crate) hash: ChangeHash,
    /// The counter of its last operation: how many containers there are up to this version.
    pub(crate) last_op: u64,
}

impl Genesis {
    /// From the chunks of all versions, each with the number of containers it makes.
    fn new(chunks: &[(u64, &'static [u8])]) -> Self {
        let mut last_op = 0;
        let step = |(schema, (containers, chunk)): (u16, &(u64, &'static [u8]))| {
            last_op += containers;
            Step {
                schema,
                chunk,
                hash: ChangeHash::of_chunk(chunk),
                last_op,
            }
        };
        Self {
            steps: (1..).zip(chunks).map(step).collect(),
        }
    }

    /// Every version, the first first.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The version that a change named as a dependency, if it is one of these.
    pub(crate) fn step(&self, hash: &ChangeHash) -> Option<&Step> {
        self.steps.iter().find(|step| step.hash == *hash)
    }

    /// The newest schema version.
    pub(crate) fn newest(&self) -> u16 {
        self.steps.last().map_or(1, |step| step.schema)
    }

    /// The changes as Automerge reads them.
    pub(crate) fn parsed(&self) -> Result<Vec<automerge::Change>, Unreadable> {
        let parse = |step: &Step| {
            automerge::Change::try_from(step.chunk).map_err(|e| Unreadable(e.to_string()))
        };
        self.steps.iter().map(parse).collect()
    }

    /// The beginning of a kind, if this version knows the kind.
    pub(crate) fn of(kind: Kind) -> Option<&'static Self> {
        match kind {
            Kind::Station => Some(&STATION),
            Kind::Visit => Some(&VISIT),
            Kind::Check => Some(&CHECK),
            Kind::Consent => Some(&CONSENT),
            Kind::Activity => Some(&ACTIVITY),
            Kind::Enrolment => Some(&ENROLMENT),
            Kind::Notice => Some(&NOTICE),
            Kind::Ticket => Some(&TICKET),
            Kind::CaseNote => Some(&CASE_NOTE),
            Kind::Unknown(_) => None,
        }
    }
}

static STATION: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(1, STATION_1)]));
static VISIT: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(2, VISIT_1), (1, VISIT_2)]));
static CHECK: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(2, CHECK_1)]));
static CONSENT: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(1, CONSENT_1)]));

static ACTIVITY: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(5, ACTIVITY_1)]));
static ENROLMENT: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(4, ENROLMENT_1)]));
static TICKET: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(4, TICKET_1)]));
static CASE_NOTE: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(1, CASE_NOTE_1)]));
static NOTICE: LazyLock<Genesis> = LazyLock::new(|| Genesis::new(&[(1, NOTICE_1)]));

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
/// Makes `attachments` (schema 2, 2026-11-21: photos and papers of a visit).
const VISIT_2: &[u8] = b"\
    \x85\x6f\x4a\x83\xf0\x16\x38\x54\x01\x4a\x01\xbf\x54\x53\xb6\x80\
    \x18\x63\x31\x1c\x3b\x92\xfc\x8e\xa1\x80\x69\xd1\x00\xc5\x8d\xd9\
    \xf5\x09\x99\xf8\xfb\x84\xe8\xdd\x13\xaa\x1b\x04\x00\x00\x00\x00\
    \x02\x03\x00\x00\x00\x05\x15\x0d\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7f\x0b\x61\x74\x74\x61\x63\x68\x6d\x65\x6e\x74\x73\x01\x7f\x00\
    \x7f\x00\x7f\x00\
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
/// Makes `questions`, `lease_asks`, `leases`, `lease_returns` and `attachments`.
const ACTIVITY_1: &[u8] = b"\
    \x85\x6f\x4a\x83\xc4\x6d\x83\xe1\x01\x54\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x37\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7b\x09\x71\x75\x65\x73\x74\x69\x6f\x6e\x73\x0a\x6c\x65\x61\x73\
    \x65\x5f\x61\x73\x6b\x73\x06\x6c\x65\x61\x73\x65\x73\x0d\x6c\x65\
    \x61\x73\x65\x5f\x72\x65\x74\x75\x72\x6e\x73\x0b\x61\x74\x74\x61\
    \x63\x68\x6d\x65\x6e\x74\x73\x05\x05\x00\x05\x00\x05\x00\
";
/// Makes `requests`, `decisions`, `scans` and `answers`.
const ENROLMENT_1: &[u8] = b"\
    \x85\x6f\x4a\x83\x66\x21\x0b\x4d\x01\x3f\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x22\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7c\x08\x72\x65\x71\x75\x65\x73\x74\x73\x09\x64\x65\x63\x69\x73\
    \x69\x6f\x6e\x73\x05\x73\x63\x61\x6e\x73\x07\x61\x6e\x73\x77\x65\
    \x72\x73\x04\x04\x00\x04\x00\x04\x00\
";
/// Makes `events`, `comments`, `parties` and `attachments`.
const TICKET_1: &[u8] = b"\
    \x85\x6f\x4a\x83\x44\xd1\xc5\x52\x01\x42\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x25\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7c\x06\x65\x76\x65\x6e\x74\x73\x08\x63\x6f\x6d\x6d\x65\x6e\x74\
    \x73\x07\x70\x61\x72\x74\x69\x65\x73\x0b\x61\x74\x74\x61\x63\x68\
    \x6d\x65\x6e\x74\x73\x04\x04\x00\x04\x00\x04\x00\
";
/// Makes `_`: a case note has no containers, and Automerge wants an operation.
const CASE_NOTE_1: &[u8] = b"\
    \x85\x6f\x4a\x83\x77\x3f\xea\x4d\x01\x20\x00\x04\x00\x00\x00\x00\
    \x01\x01\x00\x00\x00\x05\x15\x03\x34\x01\x42\x02\x56\x02\x70\x02\
    \x7f\x01\x5f\x01\x7f\x00\x7f\x00\x7f\x00\
";
/// Makes `_`: a notice has no containers, and Automerge wants an operation.
const NOTICE_1: &[u8] = b"\
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

    const KINDS: [Kind; 9] = [
        Kind::Station,
        Kind::Visit,
        Kind::Check,
        Kind::Consent,
        Kind::Activity,
        Kind::Enrolment,
        Kind::Notice,
        Kind::Ticket,
        Kind::CaseNote,
    ];

    /// What Automerge makes of these containers, one list a schema version.
    fn built(versions: &[&[&str]]) -> Vec<Vec<u8>> {
        let mut document = Automerge::new().with_actor(ActorId::from(GENESIS_ACTOR));
        let mut chunks = Vec::new();
        for containers in versions {
            let mut transaction = document.transaction();
            for container in *containers {
                transaction
                    .put_object(ROOT, *container, ObjType::Map)
                    .unwrap();
            }
            transaction.commit_with(CommitOptions::default().with_time(0));
            let change = document.get_last_local_change().unwrap();
            chunks.push(change.raw_bytes().to_vec());
        }
        chunks
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    #[test]
    fn the_constant_changes_are_what_automerge_builds() {
        for kind in KINDS {
            let genesis = Genesis::of(kind).unwrap();
            let names: Vec<_> = Table::of(kind)
                .unwrap()
                .containers
                .iter()
                .map(|container| container.name)
                .collect();
            let names = if names.is_empty() { vec!["_"] } else { names };
            let mut from = 0;
            let mut versions: Vec<&[&str]> = Vec::new();
            for step in genesis.steps() {
                let until = usize::try_from(step.last_op).unwrap();
                versions.push(&names[from..until]);
                from = until;
            }
            assert_eq!(from, names.len(), "{kind}: every container is made");
            for (step, chunk) in genesis.steps().iter().zip(built(&versions)) {
                assert_eq!(hex(step.chunk), hex(&chunk), "{kind} {}", step.schema);
            }
        }
    }

    #[test]
    fn the_constant_changes_never_change() {
        let hashes = |kind| -> Vec<String> {
            let steps = Genesis::of(kind).unwrap().steps();
            steps.iter().map(|step| step.hash.to_string()).collect()
        };
        for (kind, pinned) in [
            (
                Kind::Station,
                &["d6b5ad030431dba56bb6659cc7913d7a42c4fff9b9e8560af6928a8c412d9520"][..],
            ),
            (
                Kind::Visit,
                &[
                    "bf5453b6801863311c3b92fc8ea18069d100c58dd9f50999f8fb84e8dd13aa1b",
                    "f0163854a9e450a682f065e5fa9c4be02e669488ee4360c98b56fee082c0fc78",
                ],
            ),
            (
                Kind::Check,
                &["5870f16685e64b160c1deb7bd8ae444fa35a97c91564dc04f5ba1b110df3c262"],
            ),
            (
                Kind::Consent,
                &["773fea4d6885ef4b58df85b28caee63e787d4d7196b51e5a3ed95484c6db9fe1"],
            ),
            (
                Kind::Activity,
                &["c46d83e1471fd956abb2b0e436ee933d35fd80fb373493c2d1568c8feef0b730"],
            ),
            (
                Kind::Enrolment,
                &["66210b4dfc539cc3419f61fefa30c1a2c84ffa0a1491c3268f11ed3cedf5f6f6"],
            ),
            (
                Kind::Notice,
                &["773fea4d6885ef4b58df85b28caee63e787d4d7196b51e5a3ed95484c6db9fe1"],
            ),
        ] {
            assert_eq!(hashes(kind), pinned, "{kind}");
        }
    }
}
