//! What must be remembered of a document to check its next change without opening it.

use minicbor::{Decode, Encode};
use yizhan_proto::{
    ActorId, ChangeHash, DeskKey, DocumentId, Kind, PersonId, RegionKey, StationId, Timestamp,
};

/// A hundred bytes or two, stored beside the document on the relay and on the phone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Outline {
    /// The document's kind.
    #[n(0)]
    pub kind: Kind,
    /// The schema version of the genesis it builds on.
    #[n(1)]
    pub schema: u16,
    /// Who it concerns; decides who may see and write it.
    #[n(2)]
    pub routing: Routing,
    /// Immutable facts that later changes are checked against.
    #[n(3)]
    pub facts: Facts,
    /// The changes nothing builds on yet, and the last operation of each.
    #[n(4)]
    pub heads: Vec<Head>,
    /// The highest operation counter in the document.
    #[n(5)]
    pub last_op: u64,
    /// Every actor that wrote here, with its latest sequence number, ascending by actor.
    #[n(6)]
    pub actors: Vec<ActorSeq>,
    /// Bytes of all its changes (genesis not counted).
    #[n(7)]
    pub bytes: u64,
}

/// A change nothing builds on yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Head {
    /// The change.
    #[n(0)]
    pub hash: ChangeHash,
    /// Its last operation's counter.
    #[n(1)]
    pub last_op: u64,
}

/// How far one actor has come in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ActorSeq {
    /// The actor.
    #[n(0)]
    pub actor: ActorId,
    /// Its latest sequence number, from 1.
    #[n(1)]
    pub seq: u64,
}

/// The immutable fields that decide who may see and write a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Routing {
    /// The region whose directory it is part of.
    #[n(0)]
    pub region: Option<RegionKey>,
    /// The driver it is about.
    #[n(1)]
    pub driver: Option<PersonId>,
    /// The station it belongs to.
    #[n(2)]
    pub station: Option<StationId>,
    /// The desk it lies with.
    #[n(3)]
    pub desk: Option<DeskKey>,
}

/// Facts of a document that later changes, here or in documents that refer to it, are checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Facts {
    /// `visit`: arrival. `check`: when it was taken. `consent`: when it was given. `activity`: when
    /// it begins. `notice`: when it was published.
    #[n(0)]
    pub began_at: Option<Timestamp>,
    /// `consent`: what for, as [`crate::model::consent::Purpose`] spells it.
    #[n(1)]
    pub purpose: Option<String>,
    /// `consent`, `notice`: a withdrawal has been accepted, of this time.
    #[n(2)]
    pub withdrawn_at: Option<Timestamp>,
    /// `consent`, `notice`: in force until. `visit`: departure. `activity`: when it ends. `check`:
    /// at the relay, when the latest was taken of it and of those that it corrects.
    #[n(3)]
    pub until: Option<Timestamp>,
    /// Every write of a field that may be written again, in the order of acceptance. A later
    /// change may only say that it replaces one of these, in the same field: a change that claims
    /// to replace something else would make a document that Automerge saves but does not load.
    #[n(4)]
    #[cbor(default)]
    pub writes: Vec<Write>,
    /// `enrolment`: the activity it is for.
    #[n(5)]
    pub activity: Option<DocumentId>,
    /// `ticket`: where it stands.
    #[n(6)]
    pub ticket: Option<super::ticket::fold::State>,
    /// How many attachments the document names; `None`: it never named any.
    #[n(9)]
    pub attachments: Option<u32>,
    /// `consent`: the station to share with.
    #[n(12)]
    pub share_with: Option<StationId>,
}

/// One write of a field that may be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Write {
    /// The field: its position in the kind's table of rules, or the flag's, from 64 on.
    #[n(0)]
    pub place: u16,
    /// Who wrote it: the position in [`Outline::actors`].
    #[n(1)]
    pub actor: u16,
    /// The operation's counter.
    #[n(2)]
    pub counter: u32,
}

impl Outline {
    /// The hashes of the heads, as a digest takes them.
    #[must_use]
    pub fn head_hashes(&self) -> Vec<ChangeHash> {
        self.heads.iter().map(|head| head.hash).collect()
    }

    /// Where an actor stands in [`Outline::actors`], or where it would be put in.
    pub(crate) fn actor_position(&self, actor: ActorId) -> Result<usize, usize> {
        self.actors
            .binary_search_by_key(&actor, |known| known.actor)
    }

    /// The latest sequence number of an actor, 0 if it never wrote here.
    #[must_use]
    pub fn actor_seq(&self, actor: ActorId) -> u64 {
        self.actors
            .iter()
            .find(|known| known.actor == actor)
            .map_or(0, |known| known.seq)
    }
}
