//! Who may see a document, and what a person subscribes to.

use yizhan_proto::{Kind, PersonId, RegionKey, Role, Scope};

use super::Routing;

/// The scopes whose devices hold a document. Never empty for a supported kind whose routing is
/// complete.
#[must_use]
pub fn audience(kind: Kind, routing: &Routing) -> Vec<Scope> {
    let _ = (kind, routing);
    todo!()
}

/// What a person's devices subscribe to, most urgent first: own documents, then the stations
/// they keep, then desks, then the directories of all the relay's regions.
#[must_use]
pub fn subscriptions(
    person: PersonId,
    aliases: &[PersonId],
    roles: &[Role],
    regions: &[RegionKey],
) -> Vec<Scope> {
    let _ = (person, aliases, roles, regions);
    todo!()
}
