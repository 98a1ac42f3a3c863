//! Reading a ticket from its document.

use yizhan_proto::{EntryId, Kind};

use super::event::{self, Says};
use super::fold::{State, fold};
use super::{Act, Class, Clocks, Comment, Party, PartyRole, Ticket};
use crate::model::Document;
use crate::model::document::Unreadable;
use crate::model::order::Order;
use crate::model::reader::{Map, Reader};

impl Says for Map<'_> {
    fn says(&self, field: &str) -> Option<String> {
        self.text(field)
    }

    fn counts(&self, field: &str) -> Option<i64> {
        self.whole(field)
    }
}

pub(super) fn read(document: &Document, order: &Order) -> Result<Ticket, Unreadable> {
    let reader = Reader::new(document, Kind::Ticket)?;
    let root = reader.root();
    let class = root.text("class").and_then(|text| Class::from_text(&text));
    let raised_at = root.needed("raised_at", root.time("raised_at"))?;
    let made_by = root.written_by("id");
    let received_at = made_by.and_then(|(actor, counter)| order.received_at(actor, counter));
    let raised = State::raised(
        root.needed("desk", root.parsed("desk"))?,
        root.needed("region", root.parsed("region"))?,
        root.needed("class", class)?,
        root.person("about"),
        received_at.unwrap_or(raised_at),
    );
    let events = ordered(&reader, order, "events", |entry, map| {
        let received_at = map
            .made_by()
            .and_then(|(actor, counter)| order.received_at(actor, counter));
        event::read(entry, map, received_at)
    });
    let (state, events) = fold(raised, events);
    let mut links: Vec<_> = events
        .iter()
        .filter(|folded| folded.superseded.is_none())
        .filter_map(|folded| {
            if let Act::Link { ticket } = folded.event.act {
                Some(ticket)
            } else {
                None
            }
        })
        .collect();
    links.sort_unstable();
    links.dedup();
    Ok(Ticket {
        id: document.id(),
        driver: root.needed("driver", root.person("driver"))?,
        driver_name: root.text("driver_name").unwrap_or_default(),
        station: root.station("station"),
        visit: root.document("visit"),
        activity: root.document("activity"),
        title: root.text("title").unwrap_or_default(),
        text: root.text("text").unwrap_or_default(),
        raised_at,
        class: class.unwrap_or(Class::Other),
        about_text: root.text("about_text"),
        phone: root.text("phone"),
        by: root.person("by"),
        state,
        events,
        links,
        comments: ordered(&reader, order, "comments", comment),
        parties: ordered(&reader, order, "parties", party),
        clocks: Clocks {
            verify_due: root.times("verify_due"),
            response_due: root.times("response_due"),
            solution_due: root.times("solution_due"),
            paused: root.flag("clock_paused").unwrap_or_default(),
        },
    })
}

/// The readable entries of a container in the order that is the same for all.
fn ordered<T>(
    reader: &Reader<'_>,
    order: &Order,
    container: &str,
    read: impl Fn(EntryId, &Map<'_>) -> Option<T>,
) -> Vec<T> {
    let entries = reader.ordered(container, order);
    entries
        .into_iter()
        .filter_map(|(_, entry, map)| read(entry, &map))
        .collect()
}

fn comment(entry: EntryId, map: &Map<'_>) -> Option<Comment> {
    Some(Comment {
        entry,
        by: map.person("by")?,
        at: map.time("at")?,
        text: map.text("text")?,
    })
}

fn party(entry: EntryId, map: &Map<'_>) -> Option<Party> {
    Some(Party {
        entry,
        role: map
            .text("role")
            .and_then(|role| PartyRole::from_text(&role))?,
        name: map.text("name")?,
        contact: map.text("contact"),
        by: map.person("by")?,
        at: map.time("at")?,
    })
}
